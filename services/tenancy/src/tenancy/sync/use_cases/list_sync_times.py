"""Signs of life recorded since a moment."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.sync.rules.sync import SyncTime
from tenancy.sync.store import syncs


async def list_sync_times(engine: AsyncEngine, *, since: datetime | None) -> tuple[list[SyncTime], datetime]:
    """At most one time a company, and the moment since which to ask next: the answers overlap and none is lost."""
    async with engine.begin() as tx:
        as_of = await syncs.as_of(tx)
        return await syncs.since(tx, since), as_of
