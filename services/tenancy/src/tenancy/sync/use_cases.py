"""The last heartbeat of each company's trackers: reported by the gateways, followed by the portal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.sync import store as syncs
from tenancy.sync.rules import SyncTime, check_count, latest_times


async def report_sync(engine: AsyncEngine, *, times: Sequence[SyncTime]) -> None:
    """Stores what is later than what is known. InvalidInput when there are too many at once."""
    check_count(len(times))
    latest = latest_times(times, datetime.now(UTC))
    if latest:
        async with engine.begin() as tx:
            await syncs.advance(tx, latest)


async def list_sync_times(engine: AsyncEngine, *, since: datetime | None) -> tuple[list[SyncTime], datetime]:
    """At most one time a company, and the moment since which to ask next: the answers overlap and none is lost."""
    async with engine.begin() as tx:
        as_of = await syncs.as_of(tx)
        return await syncs.since(tx, since), as_of
