"""Agents' records that are stored already, and the sessions whose ids agents choose."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.sessions.store import sessions

_KNOWN = text("""
    SELECT record_id FROM usage_record WHERE employee_id = :employee_id AND record_id = ANY(:ids)
    UNION ALL SELECT record_id FROM activity WHERE employee_id = :employee_id AND record_id = ANY(:ids)
    UNION ALL SELECT record_id FROM fold_queue WHERE employee_id = :employee_id AND record_id = ANY(:ids)
""")

# In the order of the ids, so that two transactions cannot deadlock. Each session is queued to be counted (S),
# like one that a tracker starts.
_BEGIN = text("""
    WITH new AS (
        INSERT INTO work_session
            (company_id, session_id, employee_id, device_id, started_at, last_seen_at, ended_at, ended_by)
        SELECT :company_id, s.id, :employee_id, :device_id, s.at, s.at,
            CASE WHEN s.id <> ALL (CAST(:running AS uuid[])) THEN s.at END,
            CASE WHEN s.id <> ALL (CAST(:running AS uuid[])) THEN 'NEXT' END
        FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) s (id, at) ORDER BY s.id
        ON CONFLICT (company_id, session_id) DO NOTHING
        RETURNING company_id, session_id, employee_id, started_at
    ), counted AS (
        INSERT INTO fold_queue (company_id, employee_id, kind, at) SELECT company_id, employee_id, 'S', started_at
        FROM new
    )
    SELECT session_id FROM new
""")

_LATEST = text("""
    SELECT max(started_at) FROM work_session WHERE employee_id = :employee_id AND device_id = :device_id
""")

_OWNERS = text("SELECT session_id, employee_id FROM work_session WHERE session_id = ANY(:ids)")

_END = text("""
    UPDATE work_session w SET ended_at = greatest(w.started_at, s.at), ended_by = 'TRACKER',
        last_seen_at = greatest(w.last_seen_at, s.at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) s (id, at)
    WHERE w.session_id = s.id AND (w.ended_by IS NULL OR w.ended_by IN ('SILENCE', 'NEXT'))
    RETURNING w.session_id
""")


async def known(tx: AsyncConnection, employee_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """The ids under which the employee has a record."""
    values = {"employee_id": employee_id, "ids": list(ids)}
    return set((await tx.execute(_KNOWN, values)).scalars()) if ids else set()


async def begin_sessions(
    tx: AsyncConnection, company_id: UUID, *, employee_id: UUID, device_id: UUID, starts: Mapping[UUID, datetime]
) -> set[UUID]:
    """Inserts sessions and queues them to be counted; returns the new ones.

    Only the newest session of a device can be running: the others ended when it began.
    """
    if not starts:
        return set()
    whose = {"employee_id": employee_id, "device_id": device_id}
    await sessions.lock_device(tx, device_id)
    known = await owners(tx, starts)
    new = {session_id: at for session_id, at in starts.items() if session_id not in known}
    running: list[UUID] = []
    if new:
        newest = max(new, key=lambda session_id: (new[session_id], session_id))
        latest = (await tx.execute(_LATEST, whose)).scalar_one()
        if latest is None or latest <= new[newest]:
            running = [newest]
            await sessions.end_older(tx, **whose, started_at=new[newest])
    values = {"company_id": company_id, "running": running, **whose, **_moments(new)}
    return set((await tx.execute(_BEGIN, values)).scalars())


async def owners(tx: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The employee of each of the company's sessions with those ids."""
    rows = await tx.execute(_OWNERS, {"ids": list(ids)})
    return {session_id: employee_id for session_id, employee_id in rows}  # noqa: C416 - rows are no pairs


async def end_sessions(tx: AsyncConnection, ends: Mapping[UUID, datetime]) -> set[UUID]:
    """Ends sessions, never before they began; returns those that had not ended for good."""
    return set((await tx.execute(_END, _moments(ends))).scalars())


def _moments(moments: Mapping[UUID, datetime]) -> dict[str, list[UUID] | list[datetime]]:
    in_order = sorted(moments)
    return {"ids": in_order, "times": [moments[key] for key in in_order]}
