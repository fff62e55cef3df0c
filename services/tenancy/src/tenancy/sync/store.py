"""Last heartbeats, apart from the companies because they change often and without a revision."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.sync.rules import SyncTime

# A reader asks again from this long before its last response, so a writer must have committed within this time. The
# server ends a slower transaction; the rest of the overlap is for the commit itself.
OVERLAP = timedelta(seconds=5)
MAX_WRITE_TIME = timedelta(seconds=3)

_LIMIT_WRITE = text("SELECT set_config('transaction_timeout', :milliseconds, true)")

# Sorted, so that two reports of the same companies cannot deadlock.
_ADVANCE = text("""
    INSERT INTO company_sync AS s (company_id, last_sync_at, updated_at)
    SELECT c.id, t.at, clock_timestamp()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS t (id, at) JOIN company c USING (id)
    ORDER BY c.id
    ON CONFLICT (company_id) DO UPDATE SET last_sync_at = excluded.last_sync_at, updated_at = excluded.updated_at
    WHERE s.last_sync_at < excluded.last_sync_at
""")

_AS_OF = text("SELECT clock_timestamp() - CAST(:overlap AS interval)")

_SINCE = text("SELECT company_id, last_sync_at FROM company_sync WHERE updated_at >= :since ORDER BY company_id")

_ALL = text("SELECT company_id, last_sync_at FROM company_sync ORDER BY company_id")


async def advance(tx: AsyncConnection, times: Mapping[UUID, datetime]) -> None:
    """Stores times that are later than the stored ones; unknown companies are ignored."""
    await tx.execute(_LIMIT_WRITE, {"milliseconds": str(MAX_WRITE_TIME // timedelta(milliseconds=1))})
    await tx.execute(_ADVANCE, {"ids": list(times), "times": list(times.values())})


async def as_of(tx: AsyncConnection) -> datetime:
    """The moment from which the reader asks next.

    Call it before reading: what commits in between comes with the next response.
    """
    moment: datetime = (await tx.execute(_AS_OF, {"overlap": OVERLAP})).scalar_one()
    return moment


async def since(tx: AsyncConnection, moment: datetime | None) -> list[SyncTime]:
    """The heartbeats stored at or after `moment`; all of them for None."""
    rows = await (tx.execute(_ALL) if moment is None else tx.execute(_SINCE, {"since": moment}))
    return [SyncTime(row.company_id, row.last_sync_at) for row in rows]
