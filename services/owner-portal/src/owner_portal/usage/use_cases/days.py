"""Takes the aggregate feed into the read model, and moves the sums on when a company's day has ended."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules import Source
from owner_portal.freshness.store import sources
from owner_portal.usage.rules import CompanyDay, newest
from owner_portal.usage.store import company_days, rollups

BATCH = 500  # companies per transaction: at midnight the feed does not wait for all of them


async def apply_usage(engine: AsyncEngine, *, days: Iterable[CompanyDay]) -> set[UUID]:
    """Stores newer days, in any order and with repetitions; returns the changed companies."""
    kept = newest(days)
    async with engine.begin() as tx:
        await rollups.lock(tx, {day.company_id for day in kept})
        changed = await company_days.save_days(tx, kept)
        await rollups.refresh(tx, changed)
    return changed


async def confirm_usage(engine: AsyncEngine) -> None:
    """Confirms that the feed was read."""
    async with engine.begin() as tx:
        await sources.confirm(tx, Source.USAGE)


async def begin_days(engine: AsyncEngine) -> set[UUID]:
    """Updates one batch; returns the companies whose day has changed, none if all rollups are current."""
    async with engine.begin() as tx:
        begun = await rollups.take_outdated(tx, limit=BATCH)
        await rollups.refresh(tx, begun)
    return begun
