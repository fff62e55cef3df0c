"""Takes the signs of life of companies' trackers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.sync.rules.sync import SyncTime, check_count, latest_times
from tenancy.sync.store import syncs


async def report_sync(engine: AsyncEngine, *, times: Sequence[SyncTime]) -> None:
    """Stores what is later than what is known. InvalidInput when there are too many at once."""
    check_count(len(times))
    latest = latest_times(times, datetime.now(UTC))
    if latest:
        async with engine.begin() as tx:
            await syncs.advance(tx, latest)
