"""Replaces the usage part of the read model by what the feed holds."""

from collections.abc import AsyncIterable, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain.usage import CompanyDay, newest
from owner_portal.store import usage


async def rebuild_usage(engine: AsyncEngine, *, batches: AsyncIterable[Sequence[CompanyDay]]) -> None:
    """One transaction: pages show the old numbers until the new ones are complete, and a failure changes nothing.

    The live consumer may run meanwhile. It waits for rows that are being replaced and is never overwritten by
    something older.
    """
    async with engine.begin() as tx:
        await usage.delete_days(tx)
        async for batch in batches:
            await usage.save_days(tx, newest(batch))
