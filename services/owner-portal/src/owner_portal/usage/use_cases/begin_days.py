"""Moves the sums of companies on when their day has ended, and marks the subscriptions that have run out."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory.store import changes as directory
from owner_portal.usage.store import rollups

BATCH = 500  # companies a transaction: at midnight the feed need not wait for all of them


async def begin_days(engine: AsyncEngine) -> set[UUID]:
    """One batch; returns the companies whose new day has begun, none when all sums are as of today."""
    async with engine.begin() as tx:
        begun = await rollups.take_outdated(tx, most=BATCH)
        await rollups.refresh(tx, begun)
    return begun


async def end_periods(engine: AsyncEngine) -> set[UUID]:
    """Billing tells of it too, unless it is away; returns the companies whose status is another one now."""
    async with engine.begin() as tx:
        return await directory.expire(tx)
