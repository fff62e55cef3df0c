"""The reports: five statements and one call."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules.remembered import Remembered
from owner_portal.freshness.rules.sources import Gap, gaps
from owner_portal.freshness.store import sources
from owner_portal.freshness.use_cases.with_memory import Question, with_memory
from owner_portal.reports import store as summaries
from owner_portal.reports.rules.reports import ReportRange, Summary
from owner_portal.reports.rules.revenue import RevenueReport


@dataclass(frozen=True, slots=True)
class Reports:
    """The whole page; `revenue` is billing's part."""

    summary: Summary
    revenue: Remembered[RevenueReport]
    gaps: list[Gap]


async def show_reports(engine: AsyncEngine, *, wanted: ReportRange, revenue: Question[RevenueReport]) -> Reports:
    """`revenue` asks for the months of `wanted`."""
    remembered = await with_memory(engine, revenue)
    now = datetime.now(UTC)
    async with engine.begin() as tx:
        summary = Summary(
            standings=await summaries.list_standings(tx),
            top=await summaries.list_top(tx, wanted.days),
            growth=await summaries.list_growth(tx, first=wanted.first_month(now.date()), last=now.date()),
        )
        states = await sources.list_states(tx)
    return Reports(summary, remembered, gaps(states, now))
