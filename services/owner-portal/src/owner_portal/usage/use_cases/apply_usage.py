"""Takes a batch of the aggregate feed into the read model."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.usage.rules.days import CompanyDay, newest
from owner_portal.usage.store import days as usage
from owner_portal.usage.store import rollups


async def apply_usage(engine: AsyncEngine, *, days: Iterable[CompanyDay]) -> set[UUID]:
    """Stores what is newer, whatever the order and however often it comes; returns the companies that changed."""
    kept = newest(days)
    async with engine.begin() as tx:
        await rollups.lock(tx, {day.company_id for day in kept})
        changed = await usage.save_days(tx, kept)
        await rollups.refresh(tx, changed)
    return changed
