"""The revenue report, and the rows behind its figures."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.plans import store as plans
from billing.revenue import store as revenue
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import FigureRow, RevenueFigure, RevenueReport, bridges


async def get_revenue_report(engine: AsyncEngine, *, months: MonthRange, now: datetime) -> RevenueReport:
    """The report for a range of months; the current month counts up to `now`. Five statements for any range."""
    starts, until = months.starts(now), months.until(now)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")  # one snapshot for all figures
        offers = await plans.on_offer(connection)
        start, moved = await revenue.moved(connection, starts[0], until)
        cohort = await revenue.cohort(connection, starts[0], until)
        ended, converted = await revenue.trials(connection, starts[0], until)
        groups = await revenue.groups(connection, until, starts[-1])
    return RevenueReport(
        currency=offers[0].price_per_month.currency,
        months=bridges(starts, until, start, moved),
        cohort=cohort,
        trials_ended=ended,
        trials_converted=converted,
        groups=groups,
    )


async def list_revenue_movements(
    engine: AsyncEngine, *, months: MonthRange, figure: RevenueFigure, after_revision: int, limit: int, now: datetime
) -> list[FigureRow]:
    """Up to `limit` rows behind a figure, oldest revision first, after one; their amounts add up to the figure."""
    async with engine.begin() as tx:
        return await revenue.rows(
            tx,
            figure,
            since=months.start,
            until=months.until(now),
            last_month=months.starts(now)[-1],
            after=after_revision,
            limit=limit,
        )
