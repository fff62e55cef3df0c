"""The rows behind a figure of the revenue report."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.revenue.rules.months import MonthRange
from billing.revenue.rules.revenue import Figure, MovementRow
from billing.revenue.store import revenue


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
