"""Keeps what revenue is compared with: how much it was 30 days ago."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.dashboard.store import totals
from owner_portal.reports.rules.revenue import MOVEMENTS, Figure, Movement, RevenueReport

AGE = timedelta(days=30)
PAGE = 1_000

AskReport = Callable[[date, int], Awaitable[RevenueReport]]
AskMovements = Callable[[date, Figure, int], Awaitable[Sequence[Movement]]]


async def keep_earlier_revenue(engine: AsyncEngine, *, report: AskReport, movements: AskMovements) -> None:
    """Billing knows the start of a month and what moved since.

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
        await totals.save_earlier_revenue(tx, moment=moment, minor_units=revenue)
