"""One company's page: three statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.companies import store
from owner_portal.companies.rules.days import fill_days, first_day, sums
from owner_portal.directory.rules import CompanyPage
from owner_portal.directory.use_cases import find
from owner_portal.freshness.rules import DataGap, gaps
from owner_portal.freshness.store import sources
from owner_portal.usage.rules import CompanyDay, Period


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company and each of its last 90 days, oldest first; days without work have zeros."""

    company: CompanyPage
    days: Sequence[CompanyDay]
    gaps: Sequence[DataGap]

    def period(self, days: int) -> Period:
        """The sums of the last `days` days, today included."""
        return sums(self.days, days)


async def show_company(engine: AsyncEngine, *, company_id: UUID) -> CompanyView:
    """NotFound: there is no such company."""
    async with engine.begin() as tx:
        company = await find(tx, company_id)
        known = await store.list_days(tx, company_id, since=first_day(company))
        states = await sources.list_states(tx)
    return CompanyView(company, fill_days(company, known), gaps(states, datetime.now(UTC)))
