"""The aggregates of the feed, one row a company and day. An older revision never replaces a newer one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.domain.usage import CompanyDay
from owner_portal.store.columns import columns

# A message holds its whole month and mostly one day of it is new. The condition leaves the others alone: an upsert
# locks, and so writes, every row it meets. It is a sub-select because that is always one look into the index; a join
# would be planned as a scan of all history. The order keeps two writers from waiting for each other.
_SAVE_DAYS = text("""
    INSERT INTO company_day AS held (company_id, day, revision, active_seconds, idle_seconds, employees_active,
                                     sessions, screenshots, storage_bytes, seats_used)
    SELECT new.*
    FROM unnest(CAST(:company_id AS uuid[]), CAST(:day AS date[]), CAST(:revision AS bigint[]),
                CAST(:active_seconds AS bigint[]), CAST(:idle_seconds AS bigint[]),
                CAST(:employees_active AS bigint[]), CAST(:sessions AS bigint[]), CAST(:screenshots AS bigint[]),
                CAST(:storage_bytes AS bigint[]), CAST(:seats_used AS bigint[])) AS new (company_id, day, revision)
    WHERE new.revision > coalesce(
        (SELECT k.revision FROM company_day k WHERE k.company_id = new.company_id AND k.day = new.day), -1
    )
    ORDER BY new.company_id, new.day
    ON CONFLICT (company_id, day) DO UPDATE
    SET revision = excluded.revision, active_seconds = excluded.active_seconds,
        idle_seconds = excluded.idle_seconds, employees_active = excluded.employees_active,
        sessions = excluded.sessions, screenshots = excluded.screenshots,
        storage_bytes = excluded.storage_bytes, seats_used = excluded.seats_used
    WHERE held.revision < excluded.revision
    RETURNING company_id
""")

_DELETE_DAYS = text("DELETE FROM company_day")


async def save_days(tx: AsyncConnection, days: Sequence[CompanyDay]) -> set[UUID]:
    """Stores days, each company's day at most once a batch; returns the companies of which something was newer."""
    if not days:
        return set()
    return set((await tx.execute(_SAVE_DAYS, columns(days))).scalars())


async def delete_days(tx: AsyncConnection) -> None:
    """Forgets all; readers see the old rows until the transaction ends."""
    await tx.execute(_DELETE_DAYS)
