"""What companies have in use, as tracking reports it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits import store as usage
from billing.limits.rules import Level


async def take_usage(engine: AsyncEngine, *, levels: Sequence[Level]) -> None:
    """Keeps the newest day of each company and month, by its highest revision: repeated or late ones change nothing.

    It locks no clock: nothing of a subscription changes by it.
    """
    if not levels:
        return
    async with engine.begin() as tx:
        await usage.take(tx, levels)
