"""When companies' trackers were heard of last. Apart from the company's row: it changes often and is no revision."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.sync.rules import SyncTime

# A reader asks again from this long before its last answer, so a writer must have committed by then: the server ends
# one that has not. The rest of the overlap is for the commit itself.
OVERLAP = timedelta(seconds=5)
LONGEST_WRITE = timedelta(seconds=3)

_LIMIT_WRITE = text("SELECT set_config('transaction_timeout', :milliseconds, true)")

# Sorted, so that two reports of the same companies wait for each other instead of locking each other out.
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
    """Stores the times that are later than what is known; companies that do not exist are passed over."""
    await tx.execute(_LIMIT_WRITE, {"milliseconds": str(LONGEST_WRITE // timedelta(milliseconds=1))})
    await tx.execute(_ADVANCE, {"ids": list(times), "times": list(times.values())})


async def as_of(tx: AsyncConnection) -> datetime:
    """The moment since which to ask next.

    Call it before reading: what commits in between comes with the next answer.
    """
    moment: datetime = (await tx.execute(_AS_OF, {"overlap": OVERLAP})).scalar_one()
    return moment


async def since(tx: AsyncConnection, moment: datetime | None) -> list[SyncTime]:
    """What was recorded at or after `moment`; None: everything."""
    rows = await (tx.execute(_ALL) if moment is None else tx.execute(_SINCE, {"since": moment}))
    return [SyncTime(row.company_id, row.last_sync_at) for row in rows]
