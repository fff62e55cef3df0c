"""When devices were last active, and with which company key, for many companies in one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.db.store.arrays import columns, unnest

_DEVICES = text(f"""
    UPDATE device d SET key_digest = s.digest, last_seen_at = s.at
    FROM {unnest(company_id="uuid", device_id="uuid", digest="bytea", at="timestamptz")}
    WHERE d.company_id = s.company_id AND d.device_id = s.device_id
      AND d.last_seen_at IS DISTINCT FROM greatest(d.last_seen_at, s.at)
""")

_KEYS = text(f"""
    INSERT INTO key_use AS k (company_id, key_digest, last_used_at)
    SELECT s.company_id, s.digest, max(s.at)
    FROM {unnest(company_id="uuid", digest="bytea", at="timestamptz")}
    GROUP BY s.company_id, s.digest ORDER BY s.company_id, s.digest
    ON CONFLICT (company_id, key_digest) DO UPDATE SET last_used_at = greatest(k.last_used_at, excluded.last_used_at)
""")

_COUNT_BY_KEY = text("""
    SELECT k.company_id, k.key_digest, k.last_used_at, count(d.device_id)
    FROM key_use k LEFT JOIN device d
        ON d.company_id = k.company_id AND d.key_digest = k.key_digest AND d.revoked_at IS NULL
       AND d.last_seen_at >= :since
    GROUP BY k.company_id, k.key_digest, k.last_used_at
""")


async def saw_devices(tx: AsyncConnection, seen: Sequence[tuple[UUID, UUID, bytes, datetime]]) -> None:
    """Stores (company, device, digest of the key, time of the call); an older call changes nothing."""
    if seen:
        values = columns(("company_id", "device_id", "digest", "at"), seen)
        await tx.execute(_DEVICES, values)
        await tx.execute(_KEYS, {name: values[name] for name in ("company_id", "digest", "at")})


async def count_by_key(tx: AsyncConnection, since: datetime) -> list[tuple[UUID, bytes, datetime, int]]:
    """(company, digest, latest call, devices that last used the key and have called since) of each key ever used."""
    rows = await tx.execute(_COUNT_BY_KEY, {"since": since})
    return [(company_id, digest, last_used_at, count) for company_id, digest, last_used_at, count in rows]
