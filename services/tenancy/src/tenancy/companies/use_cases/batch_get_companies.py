"""Several companies at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies
from tenancy.db.rules.page import check_batch


async def batch_get_companies(engine: AsyncEngine, *, company_ids: Sequence[UUID]) -> list[Company]:
    """Each company once, in the order asked for, without those that do not exist. InvalidInput: too many at once."""
    check_batch(len(company_ids), "company_ids")
    async with engine.begin() as tx:
        found = {company.id: company for company in await companies.get_all(tx, company_ids)}
    return [found[company_id] for company_id in dict.fromkeys(company_ids) if company_id in found]
