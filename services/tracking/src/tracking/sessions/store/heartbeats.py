"""When sessions and devices were last heard of, and with which key: many companies in one statement.

The role may touch nothing else, and the rows of the companies alone that its transaction named. Everything is written
in the order of its key: two gateways that heard the same wait for each other, never in a ring.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


def _unnest(**types: str) -> str:
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in types.items())
    return f"unnest({arrays}) s ({', '.join(types)})"


_SESSIONS = text(f"""
    UPDATE work_session w SET last_seen_at = greatest(w.last_seen_at, s.at)
    FROM {_unnest(company_id="uuid", number="bigint", at="timestamptz")}
    WHERE w.company_id = s.company_id AND w.number = s.number AND w.ended_at IS NULL
""")

# Who says that it is running was only cut off, if it was silence that ended it.
_RUNNING = text(f"""
    UPDATE work_session w SET last_seen_at = greatest(w.last_seen_at, s.at), ended_at = NULL, ended_by = NULL
    FROM {_unnest(company_id="uuid", session_id="uuid", device_id="uuid", at="timestamptz")}
    WHERE w.company_id = s.company_id AND w.session_id = s.session_id AND w.device_id = s.device_id
      AND (w.ended_by IS NULL OR w.ended_by = 'SILENCE')
""")

_DEVICES = text(f"""
    UPDATE device d SET key_digest = s.digest, last_seen_at = s.at
    FROM {_unnest(company_id="uuid", device_id="uuid", digest="bytea", at="timestamptz")}
    WHERE d.company_id = s.company_id AND d.device_id = s.device_id
      AND d.last_seen_at IS DISTINCT FROM greatest(d.last_seen_at, s.at)
""")

_KEYS = text(f"""
    INSERT INTO key_use AS k (company_id, key_digest, last_used_at)
    SELECT s.company_id, s.digest, max(s.at)
    FROM {_unnest(company_id="uuid", digest="bytea", at="timestamptz")}
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


async def saw_sessions(tx: AsyncConnection, seen: Sequence[tuple[UUID, int, datetime]]) -> None:
    """Notes the latest signs of life of sessions: (company, number, moment)."""
    if seen:
        await tx.execute(_SESSIONS, _columns(("company_id", "number", "at"), seen))


async def saw_running(tx: AsyncConnection, seen: Sequence[tuple[UUID, UUID, UUID, datetime]]) -> None:
    """Notes the same of agents' sessions: (company, session, device, moment)."""
    if seen:
        await tx.execute(_RUNNING, _columns(("company_id", "session_id", "device_id", "at"), seen))


async def saw_devices(tx: AsyncConnection, seen: Sequence[tuple[UUID, UUID, bytes, datetime]]) -> None:
    """Notes (company, device, digest of the key it called with, when); an older call changes nothing."""
    if seen:
        values = _columns(("company_id", "device_id", "digest", "at"), seen)
        await tx.execute(_DEVICES, values)
        await tx.execute(_KEYS, {name: values[name] for name in ("company_id", "digest", "at")})


async def count_by_key(tx: AsyncConnection, since: datetime) -> list[tuple[UUID, bytes, datetime, int]]:
    """(company, digest, latest call, devices that are on it and called since) of each key that was ever used."""
    rows = await tx.execute(_COUNT_BY_KEY, {"since": since})
    return [(company_id, digest, last_used_at, count) for company_id, digest, last_used_at, count in rows]


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return dict(zip(names, map(list, zip(*sorted(rows), strict=True)), strict=True))
