"""Stores heartbeats of sessions, for many companies in one statement.

The role may change nothing else, and only rows of the companies that its transaction names. Rows are written in the
order of their keys, so that two gateways cannot deadlock.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.db.store.arrays import columns, unnest

_SESSIONS = text(f"""
    UPDATE work_session w SET last_seen_at = greatest(w.last_seen_at, s.at)
    FROM {unnest(company_id="uuid", number="bigint", at="timestamptz")}
    WHERE w.company_id = s.company_id AND w.number = s.number AND w.ended_at IS NULL
""")

# A session that ended for silence was only disconnected.
_RUNNING = text(f"""
    UPDATE work_session w SET last_seen_at = greatest(w.last_seen_at, s.at), ended_at = NULL, ended_by = NULL
    FROM {unnest(company_id="uuid", session_id="uuid", device_id="uuid", at="timestamptz")}
    WHERE w.company_id = s.company_id AND w.session_id = s.session_id AND w.device_id = s.device_id
      AND (w.ended_by IS NULL OR w.ended_by = 'SILENCE')
""")


async def saw_sessions(tx: AsyncConnection, seen: Sequence[tuple[UUID, int, datetime]]) -> None:
    """Stores the latest heartbeats of trackers' sessions: (company, number, moment)."""
    if seen:
        await tx.execute(_SESSIONS, columns(("company_id", "number", "at"), seen))


async def saw_running(tx: AsyncConnection, seen: Sequence[tuple[UUID, UUID, UUID, datetime]]) -> None:
    """Stores the latest heartbeats of agents' sessions: (company, session, device, moment)."""
    if seen:
        await tx.execute(_RUNNING, columns(("company_id", "session_id", "device_id", "at"), seen))
