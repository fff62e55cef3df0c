"""The revenue of some months."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.plans.store import plans
from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.revenue import Report, bridges
from billing.revenue.store import revenue


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
