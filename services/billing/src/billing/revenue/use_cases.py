"""The revenue report, and the rows behind its figures."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.plans import store as plans
from billing.revenue import store as revenue
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.report import Figure, MovementRow, Report, bridges


async def get_revenue_report(engine: AsyncEngine, *, months: MonthRange, now: datetime) -> Report:
    """All that is counted for them; a month under way counts up to `now`. Five statements, however long the range."""
    starts, until = months.starts(now), months.until(now)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")  # one state of things for all figures
        offers = await plans.on_offer(connection)
        start, moved = await revenue.moved(connection, starts[0], until)
        cohort = await revenue.cohort(connection, starts[0], until)
        ended, converted = await revenue.trials(connection, starts[0], until)
        standing = await revenue.standing(connection, until, starts[-1])
    return Report(
        currency=offers[0].price_per_month.currency,
        months=bridges(starts, until, start, moved),
        cohort=cohort,
        trials_ended=ended,
        trials_converted=converted,
        standing=standing,
    )


async def list_revenue_movements(
    engine: AsyncEngine, *, months: MonthRange, figure: Figure, after_revision: int, limit: int, now: datetime
) -> list[MovementRow]:
    """Up to `limit` rows, oldest revision first, after one; the figure's amount is the sum of theirs."""
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
