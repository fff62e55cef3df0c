"""A company's keys and which of them are still in use."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.companies.use_cases.find_company import find_company
from tenancy.keys.rules.keys import Key
from tenancy.keys.store import keys


async def list_keys(engine: AsyncEngine, *, company_id: UUID) -> list[Key]:
    """The newest ones, newest first. NotFound when there is no such company."""
    async with engine.begin() as tx:
        await find_company(tx, company_id)
        return await keys.newest(tx, company_id)
