"""One company."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.application.find_company import find_company
from tenancy.domain.company import Company


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    """NotFound when there is none with that id."""
    async with engine.begin() as tx:
        return await find_company(tx, company_id)
