"""What companies have in use, by month: the newest day that tracking has reported."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.limits.rules import Level, Use

_TAKE = text("""
    INSERT INTO usage_level AS u (company_id, month, day, revision, seats, storage_bytes)
    VALUES (:company_id, :month, :day, :revision, :seats, :storage_bytes)
    ON CONFLICT (company_id, month) DO UPDATE
    SET day = excluded.day, revision = excluded.revision, seats = excluded.seats, storage_bytes = excluded.storage_bytes
    WHERE (u.day, u.revision) < (excluded.day, excluded.revision)
""")

_NEWEST = text("""
    SELECT DISTINCT ON (company_id) company_id, seats, storage_bytes FROM usage_level
    WHERE company_id = ANY(:company_ids) ORDER BY company_id, month DESC
""")


async def take(tx: AsyncConnection, levels: Sequence[Level]) -> None:
    """Keeps what is newer than what is there. In one order, so that two takers never wait for each other."""
    rows = [
        {
            "company_id": level.company_id,
            "month": level.day.replace(day=1),
            "day": level.day,
            "revision": level.revision,
            "seats": level.use.seats,
            "storage_bytes": level.use.storage_bytes,
        }
        for level in sorted(levels, key=lambda level: (level.company_id, level.day, level.revision))
    ]
    await tx.execute(_TAKE, rows)


async def newest_of(tx: AsyncConnection, company_ids: Sequence[UUID]) -> dict[UUID, Use]:
    """What is in use now; a company that tracking has never reported is left out."""
    rows = await tx.execute(_NEWEST, {"company_ids": list(company_ids)})
    return {row.company_id: Use(row.seats, row.storage_bytes) for row in rows}
