"""Takes the aggregate feed into the read model, and moves the sums on when a company's day has ended."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules import Source
from owner_portal.freshness.store import sources
from owner_portal.usage.rules import CompanyDay, newest
from owner_portal.usage.store import company_days, rollups

BATCH = 500  # companies a transaction: at midnight the feed need not wait for all of them


async def apply_usage(engine: AsyncEngine, *, days: Iterable[CompanyDay]) -> set[UUID]:
    """Stores what is newer, whatever the order and however often it comes; returns the companies that changed."""
    kept = newest(days)
    async with engine.begin() as tx:
        await rollups.lock(tx, {day.company_id for day in kept})
        changed = await company_days.save_days(tx, kept)
        await rollups.refresh(tx, changed)
    return changed


async def confirm_usage(engine: AsyncEngine) -> None:
    """Says that the feed answers."""
    async with engine.begin() as tx:
        await sources.confirm(tx, Source.USAGE)


async def begin_days(engine: AsyncEngine) -> set[UUID]:
    """One batch; returns the companies whose new day has begun, none when all sums are as of today."""
    async with engine.begin() as tx:
        begun = await rollups.take_outdated(tx, most=BATCH)
        await rollups.refresh(tx, begun)
    return begun
