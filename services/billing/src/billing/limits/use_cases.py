"""Usage levels are stored as tracking reports them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits import store as usage
from billing.limits.rules import ReportedUsage


async def store_usage(engine: AsyncEngine, *, levels: Sequence[ReportedUsage]) -> None:
    """Stores the newest day of each company and month; a repeated or late report changes nothing.

    It does not take the revision clock, because no subscription changes.
    """
    if not levels:
        return
    async with engine.begin() as tx:
        await usage.take(tx, levels)
