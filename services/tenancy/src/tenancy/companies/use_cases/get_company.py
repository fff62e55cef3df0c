"""One company."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases.find_company import find_company


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    """NotFound when there is none with that id."""
    async with engine.begin() as tx:
        return await find_company(tx, company_id)
