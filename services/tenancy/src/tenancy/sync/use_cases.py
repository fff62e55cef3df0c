"""The last heartbeat of each company's trackers: reported by the gateways, followed by the portal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.sync import store as syncs
from tenancy.sync.rules import SyncTime, check_count, latest_times


async def report_sync(engine: AsyncEngine, *, times: Sequence[SyncTime]) -> None:
    """Stores heartbeats that are later than the stored ones. InvalidInput for too many of them."""
    check_count(len(times))
    latest = latest_times(times, datetime.now(UTC))
    if latest:
        async with engine.begin() as tx:
            await syncs.advance(tx, latest)


async def list_sync_times(engine: AsyncEngine, *, since: datetime | None) -> tuple[list[SyncTime], datetime]:
    """The heartbeats since a moment, one for each company, and the moment from which to ask next.

    Successive responses overlap, so that none is lost.
    """
    async with engine.begin() as tx:
        as_of = await syncs.as_of(tx)
        return await syncs.since(tx, since), as_of
