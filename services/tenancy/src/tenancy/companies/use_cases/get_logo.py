"""A company's logo."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from tenancy.companies.rules.logo import Logo
from tenancy.companies.store import logos


async def get_logo(engine: AsyncEngine, *, company_id: UUID) -> Logo:
    """NotFound when there is no such company or it has no logo."""
    async with engine.begin() as tx:
        logo = await logos.get(tx, company_id)
    if logo is None:
        raise NotFound(f"company {company_id} has no logo: set one first")
    return logo
