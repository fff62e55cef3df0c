"""The reports, the movements behind a figure, and the earlier revenue that the dashboard compares with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.store.companies import names_of
from owner_portal.freshness.rules import CachedAnswer, DataGap, gaps
from owner_portal.freshness.store import sources
from owner_portal.freshness.use_cases import Question, cached_answer
from owner_portal.reports import store
from owner_portal.reports.rules.reports import ReportRange, Summary
from owner_portal.reports.rules.revenue import MOVEMENTS, Figure, Movement, RevenueReport

MOVEMENTS_PAGE = 100
AGE = timedelta(days=30)
PAGE = 1_000
AskReport = Callable[[date, int], Awaitable[RevenueReport]]
AskMovements = Callable[[date, Figure, int], Awaitable[Sequence[Movement]]]


@dataclass(frozen=True, slots=True)
class Reports:
    """The whole page; `revenue` is billing's part."""

    summary: Summary
    revenue: CachedAnswer[RevenueReport]
    gaps: list[DataGap]


async def show_reports(engine: AsyncEngine, *, wanted: ReportRange, revenue: Question[RevenueReport]) -> Reports:
    """`revenue` asks for the months of `wanted`."""
    remembered = await cached_answer(engine, revenue)
    now = datetime.now(UTC)
    async with engine.begin() as tx:
        summary = Summary(
            status_totals=await store.list_status_totals(tx),
            top=await store.list_top(tx, wanted.days),
            growth=await store.list_growth(tx, first=wanted.first_month(now.date()), last=now.date()),
        )
        states = await sources.list_states(tx)
    return Reports(summary, remembered, gaps(states, now))


@dataclass(frozen=True, slots=True)
class MovementsView:
    """One page; `following`: the revision after which the next one begins, None after the last."""

    remembered: CachedAnswer[list[Movement]]
    rows: Sequence[Movement]
    names: Mapping[UUID, str]
    following: int | None


async def show_movements(engine: AsyncEngine, *, movements: Question[list[Movement]]) -> MovementsView:
    """`movements` loads one row more than a page has."""
    remembered = await cached_answer(engine, movements)
    found = remembered.value or []
    rows = found[:MOVEMENTS_PAGE]
    async with engine.begin() as tx:
        known = await names_of(tx, {row.company_id for row in rows})
    return MovementsView(remembered, rows, known, rows[-1].revision if len(found) > MOVEMENTS_PAGE else None)


async def keep_earlier_revenue(engine: AsyncEngine, *, report: AskReport, movements: AskMovements) -> None:
    """Computed from the start of a month and the movements since then.

    `report`: from a month on, so many. `movements`: at most PAGE of one kind in a month, after a revision. Unavailable.
    """
    moment = datetime.now(UTC) - AGE
    month = moment.date().replace(day=1)
    revenue = (await report(month, 1)).bridge.start
    for figure in MOVEMENTS:
        after = 0
        while rows := await movements(month, figure, after):
            revenue += sum(row.amount for row in rows if row.at <= moment)
            if len(rows) < PAGE:
                break
            after = rows[-1].revision
    async with engine.begin() as tx:
        await store.save_earlier_revenue(tx, moment=moment, minor_units=revenue)
