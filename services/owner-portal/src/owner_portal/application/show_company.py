"""Reads one company's page: three statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain.overview import CompanyPage
from owner_portal.domain.sources import Gap, gaps
from owner_portal.domain.usage import CompanyDay, Period
from owner_portal.store import reports, sources
from servicekit.errors import NotFound

CHART_DAYS = 90


@dataclass(frozen=True, slots=True)
class CompanyView:
    """A company and each of its last 90 days, oldest first; a day without work is there too, with zeros."""

    company: CompanyPage
    days: Sequence[CompanyDay]
    gaps: Sequence[Gap]

    def period(self, days: int) -> Period:
        """The sums of the last `days` days, today included."""
        recent = self.days[-days:]
        return Period(
            active_seconds=sum(day.active_seconds for day in recent),
            sessions=sum(day.sessions for day in recent),
            screenshots=sum(day.screenshots for day in recent),
        )


async def show_company(engine: AsyncEngine, *, company_id: UUID) -> CompanyView:
    """NotFound: tenancy has told of no such company."""
    async with engine.begin() as tx:
        company = await reports.find_company(tx, company_id)
        if company is None:
            raise NotFound("There is no company with this address. It may be a moment too new: reload the page.")
        first = company.today - timedelta(days=CHART_DAYS - 1)
        known = await reports.list_days(tx, company_id, after=first - timedelta(days=1))
        states = await sources.list_states(tx)
    by_day = {day.day: day for day in known}
    dates = [first + timedelta(days=number) for number in range(CHART_DAYS)]
    days = [by_day.get(day) or CompanyDay(company_id, day, 0, 0, 0, 0, 0, 0, 0, 0) for day in dates]
    return CompanyView(company, days, gaps(states, datetime.now(UTC)))
