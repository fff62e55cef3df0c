"""How keys are used. Apart from the keys: it changes often."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.keys.rules.key_use import KeyUse

# Sorted, so that two reports of the same keys wait for each other instead of locking each other out. While a pepper is
# replaced a key is used by two digests: the devices of one count are those of both.
_ADVANCE = text("""
    INSERT INTO key_use AS u (key_id, last_used_at, devices, counted_at)
    SELECT key_id, max(used_at), sum(devices) FILTER (WHERE counted_at = latest), latest
    FROM (
        SELECT k.id AS key_id, t.used_at, t.devices, t.counted_at, max(t.counted_at) OVER (PARTITION BY k.id) AS latest
        FROM unnest(CAST(:company_ids AS uuid[]), CAST(:digests AS bytea[]), CAST(:used_at AS timestamptz[]),
            CAST(:devices AS integer[]), CAST(:counted_at AS timestamptz[])) AS t (company_id, digest, used_at, devices,
            counted_at)
        JOIN key_digest d USING (digest) JOIN company_key k ON k.id = d.key_id AND k.company_id = t.company_id
    ) reported
    GROUP BY key_id, latest ORDER BY key_id
    ON CONFLICT (key_id) DO UPDATE SET last_used_at = greatest(u.last_used_at, excluded.last_used_at),
        devices = CASE WHEN u.counted_at < excluded.counted_at THEN excluded.devices ELSE u.devices END,
        counted_at = greatest(u.counted_at, excluded.counted_at)
    WHERE u.last_used_at < excluded.last_used_at OR u.counted_at < excluded.counted_at
""")

_ADD_DIGESTS = text("""
    INSERT INTO key_digest (digest, key_id, pepper_id)
    SELECT t.newest, k.id, :pepper_id
    FROM unnest(CAST(:company_ids AS uuid[]), CAST(:digests AS bytea[]), CAST(:newest AS bytea[]))
        AS t (company_id, digest, newest)
    JOIN key_digest d USING (digest) JOIN company_key k ON k.id = d.key_id AND k.company_id = t.company_id
    ORDER BY k.id
    ON CONFLICT DO NOTHING
""")


async def advance(tx: AsyncConnection, uses: Sequence[KeyUse]) -> None:
    """Stores what is later than what is known; keys that do not exist, or not in that company, are passed over."""
    values = {
        "company_ids": [use.company_id for use in uses],
        "digests": [use.digest for use in uses],
        "used_at": [use.last_used_at for use in uses],
        "devices": [use.devices for use in uses],
        "counted_at": [use.counted_at for use in uses],
    }
    await tx.execute(_ADVANCE, values)


async def add_digests(tx: AsyncConnection, uses: Sequence[KeyUse], *, pepper_id: str) -> None:
    """Makes keys known by their `newest` digests, under that pepper, as well."""
    values = {
        "company_ids": [use.company_id for use in uses],
        "digests": [use.digest for use in uses],
        "newest": [use.newest for use in uses],
        "pepper_id": pepper_id,
    }
    await tx.execute(_ADD_DIGESTS, values)
