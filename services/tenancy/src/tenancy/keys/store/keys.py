"""Company keys: digests, never texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.keys.rules.keys import Key, NewKey

MAX_LISTED = 100

_INSERT = text("""
    INSERT INTO company_key (id, company_id, hint, created_at) VALUES (:id, :company_id, :hint, :at)
""")

_INSERT_DIGEST = text("INSERT INTO key_digest (digest, key_id, pepper_id) VALUES (:digest, :id, :pepper_id)")

_SELECT = """
    SELECT k.id, k.hint, k.created_at, k.valid_until, u.last_used_at, coalesce(u.devices, 0) AS devices,
        (SELECT d.pepper_id FROM key_digest d WHERE d.key_id = k.id ORDER BY d.added_at DESC LIMIT 1) AS pepper_id
    FROM company_key k LEFT JOIN key_use u ON u.key_id = k.id
    WHERE k.company_id = :company_id
"""

_LIST = text(f"{_SELECT} ORDER BY k.created_at DESC, k.id DESC LIMIT :limit")

_GET = text(f"{_SELECT} AND k.id = :id")

_COUNT_OPEN = text("""
    SELECT count(*) FROM company_key WHERE company_id = :company_id AND (valid_until IS NULL OR valid_until > :at)
""")

_COUNT_BY_PEPPER = text("""
    SELECT newest.pepper_id, count(*) AS open_keys FROM company_key k CROSS JOIN LATERAL (
        SELECT d.pepper_id FROM key_digest d WHERE d.key_id = k.id ORDER BY d.added_at DESC LIMIT 1
    ) newest
    WHERE k.valid_until IS NULL OR k.valid_until > now()
    GROUP BY newest.pepper_id
""")

_END_ALL = text("""
    UPDATE company_key SET valid_until = :ending
    WHERE company_id = :company_id AND (valid_until IS NULL OR valid_until > :ending)
""")

_END = text("UPDATE company_key SET valid_until = :ending WHERE id = :id")


async def insert(tx: AsyncConnection, company_id: UUID, key: NewKey, *, at: datetime) -> None:
    """Adds a live key."""
    await tx.execute(_INSERT, {"id": key.id, "company_id": company_id, "hint": key.hint, "at": at})
    await tx.execute(_INSERT_DIGEST, {"digest": key.digest, "id": key.id, "pepper_id": key.pepper.id})


async def newest(tx: AsyncConnection, company_id: UUID) -> list[Key]:
    """A company's keys, newest first."""
    rows = await tx.execute(_LIST, {"company_id": company_id, "limit": MAX_LISTED})
    return [Key(**row) for row in rows.mappings()]


async def get(tx: AsyncConnection, company_id: UUID, key_id: UUID) -> Key | None:
    """One key of a company; None when it has none with that id."""
    row = (await tx.execute(_GET, {"company_id": company_id, "id": key_id})).mappings().one_or_none()
    return Key(**row) if row else None


async def count_open(tx: AsyncConnection, company_id: UUID, *, at: datetime) -> int:
    """How many keys of a company open at a moment."""
    return int((await tx.execute(_COUNT_OPEN, {"company_id": company_id, "at": at})).scalar_one())


async def count_by_pepper(tx: AsyncConnection) -> dict[str, int]:
    """How many keys that open are known under which pepper at most."""
    return {row.pepper_id: row.open_keys for row in await tx.execute(_COUNT_BY_PEPPER)}


async def end_all(tx: AsyncConnection, company_id: UUID, *, ending: datetime) -> None:
    """Lets all keys of a company end at `ending`; those that end earlier still do."""
    await tx.execute(_END_ALL, {"company_id": company_id, "ending": ending})


async def end(tx: AsyncConnection, key_id: UUID, *, ending: datetime) -> None:
    """Lets one key end at `ending`."""
    await tx.execute(_END, {"id": key_id, "ending": ending})
