"""The company a request names."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit.errors import NotFound
from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies


async def find_company(tx: AsyncConnection, company_id: UUID) -> Company:
    """NotFound when there is none."""
    company = await companies.get(tx, company_id)
    if company is None:
        raise NotFound(f"there is no company {company_id}: look its id up in the list of companies")
    return company
