"""Rows of work sessions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.sessions.store.session_bounds import UNTIL

BY_SILENCE = "SILENCE"

_COLUMNS = (
    "session_id, number, employee_id, started_at, last_seen_at, ended_at, ended_by, deleted_at IS NOT NULL AS deleted"
)

_INSERT = text("""
    INSERT INTO work_session (company_id, session_id, employee_id, device_id, started_at, last_seen_at)
    VALUES (:company_id, :session_id, :employee_id, :device_id, :started_at, :started_at)
    RETURNING number
""")

# Sessions of a device begin one after the other; two concurrent ones would not see each other.
_HOLD_DEVICE = text("SELECT revoked_at IS NULL FROM device WHERE device_id = :device_id FOR NO KEY UPDATE")

_END_OLDER = text("""
    UPDATE work_session SET ended_at = greatest(started_at, least(coalesce(ended_at, last_seen_at), :started_at)),
        ended_by = 'NEXT'
    WHERE employee_id = :employee_id AND device_id = :device_id AND deleted_at IS NULL
      AND (ended_by IS NULL OR ended_by = 'SILENCE')
""")

_BY_NUMBER = text(f"SELECT {_COLUMNS} FROM work_session WHERE number = :number")

_BY_ID = text(f"SELECT {_COLUMNS} FROM work_session WHERE session_id = :session_id")

_END = text("""
    UPDATE work_session SET ended_at = greatest(started_at, :ended_at), ended_by = 'TRACKER',
        last_seen_at = greatest(last_seen_at, :ended_at)
    WHERE session_id = :session_id AND (ended_by IS NULL OR ended_by IN ('SILENCE', 'NEXT')) RETURNING 1
""")

_REOPEN = text("""
    UPDATE work_session SET ended_at = NULL, ended_by = NULL WHERE session_id = :session_id AND ended_by = 'SILENCE'
""")

_COMPANIES_WITH_SILENT = text("""
    SELECT DISTINCT company_id FROM work_session
    WHERE ended_at IS NULL AND last_seen_at < now() - CAST(:silence AS interval)
""")

_END_SILENT = text("""
    UPDATE work_session SET ended_at = last_seen_at, ended_by = 'SILENCE'
    WHERE ended_at IS NULL AND last_seen_at < now() - CAST(:silence AS interval)
""")

_END_AS_ADMIN = text("""
    UPDATE work_session SET ended_at = last_seen_at, ended_by = 'ADMIN'
    WHERE session_id = :session_id AND ended_at IS NULL RETURNING 1
""")

# In the order in which heartbeats write sessions, so that the two cannot deadlock.
_END_OF_EMPLOYEE = text("""
    WITH open AS (
        SELECT company_id, session_id FROM work_session WHERE employee_id = :employee_id AND ended_at IS NULL
        ORDER BY number FOR NO KEY UPDATE
    )
    UPDATE work_session w SET ended_at = w.last_seen_at, ended_by = 'ADMIN' FROM open
    WHERE w.company_id = open.company_id AND w.session_id = open.session_id
""")

_COUNTED = text("""
    SELECT employee_id, started_at FROM work_session WHERE deleted_at IS NULL
    EXCEPT ALL SELECT employee_id, at FROM fold_queue WHERE kind = 'S'
""")

_RECENT = text(f"""
    SELECT session_id, number, employee_id, started_at, greatest(last_seen_at, {UNTIL}) AS last_seen_at,
        CASE WHEN ended_at IS NOT NULL THEN {UNTIL} END AS ended_at, ended_by, false AS deleted
    FROM work_session w WHERE employee_id = :employee_id AND deleted_at IS NULL
    ORDER BY started_at DESC LIMIT :limit
""")

_HOLD_STANDING = text("""
    SELECT 1 FROM work_session WHERE session_id = :session_id AND deleted_at IS NULL FOR SHARE
""")


@dataclass(frozen=True, slots=True)
class WorkSession:
    """One session. `number` is its id in the desktop protocol."""

    session_id: UUID
    number: int
    employee_id: UUID
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    # TRACKER or ADMIN: for good. SILENCE: until the tracker returns. NEXT: the same device began its next session.
    ended_by: str | None
    deleted: bool  # implies that it has ended for good


async def insert(
    tx: AsyncConnection,
    company_id: UUID,
    *,
    session_id: UUID,
    employee_id: UUID,
    device_id: UUID | None,
    started_at: datetime,
) -> int:
    """Inserts a session and returns its number; the device must have no running one."""
    values = {
        "company_id": company_id,
        "session_id": session_id,
        "employee_id": employee_id,
        "device_id": device_id,
        "started_at": started_at,
    }
    return int((await tx.execute(_INSERT, values)).scalar_one())


async def lock_device(tx: AsyncConnection, device_id: UUID) -> bool:
    """Locks the device, so that no other session of it can begin. False: it was revoked."""
    return bool((await tx.execute(_HOLD_DEVICE, {"device_id": device_id})).scalar_one_or_none())


async def end_older(tx: AsyncConnection, employee_id: UUID, device_id: UUID, *, started_at: datetime) -> None:
    """Ends all earlier sessions of the locked device that are open or could continue: its next one starts then."""
    values = {"employee_id": employee_id, "device_id": device_id, "started_at": started_at}
    await tx.execute(_END_OLDER, values)


async def by_number(tx: AsyncConnection, number: int) -> WorkSession | None:
    """The company's session with that number."""
    row = (await tx.execute(_BY_NUMBER, {"number": number})).one_or_none()
    return WorkSession(**row._mapping) if row else None


async def find(tx: AsyncConnection, session: int | UUID) -> WorkSession | None:
    """The company's session with that number or id."""
    if isinstance(session, int):
        return await by_number(tx, session)
    row = (await tx.execute(_BY_ID, {"session_id": session})).one_or_none()
    return WorkSession(**row._mapping) if row else None


async def end(tx: AsyncConnection, session_id: UUID, ended_at: datetime) -> bool:
    """Ends a session, never before it started; False if its tracker or an admin has ended it before."""
    return (await tx.execute(_END, {"session_id": session_id, "ended_at": ended_at})).one_or_none() is not None


async def end_as_admin(tx: AsyncConnection, session_id: UUID) -> bool:
    """Ends an open session at its last heartbeat, for good; False if it is not open."""
    return (await tx.execute(_END_AS_ADMIN, {"session_id": session_id})).one_or_none() is not None


async def end_of_employee(tx: AsyncConnection, employee_id: UUID) -> None:
    """Ends a person's open sessions in the same way."""
    await tx.execute(_END_OF_EMPLOYEE, {"employee_id": employee_id})


async def end_silent(tx: AsyncConnection, silence: timedelta) -> int:
    """Ends the company's sessions without a heartbeat for that long; returns their number."""
    return (await tx.execute(_END_SILENT, {"silence": silence})).rowcount


async def reopen(tx: AsyncConnection, session_id: UUID) -> None:
    """Reopens a session that ended for silence."""
    await tx.execute(_REOPEN, {"session_id": session_id})


async def companies_with_silent(dispatch: AsyncConnection, silence: timedelta) -> list[UUID]:
    """Companies with open sessions that have been silent for that long, read with the dispatch role."""
    return list((await dispatch.execute(_COMPANIES_WITH_SILENT, {"silence": silence})).scalars())


async def recent(tx: AsyncConnection, employee_id: UUID, limit: int) -> list[WorkSession]:
    """A person's latest sessions, newest first, without deleted ones."""
    return [
        WorkSession(**row._mapping) for row in await tx.execute(_RECENT, {"employee_id": employee_id, "limit": limit})
    ]


async def lock_unless_deleted(tx: AsyncConnection, session_id: UUID) -> bool:
    """Whether the session exists and is not deleted; if so, it cannot be deleted until the transaction ends."""
    return (await tx.execute(_HOLD_STANDING, {"session_id": session_id})).one_or_none() is not None


async def counted(tx: AsyncConnection) -> AsyncIterator[tuple[UUID, datetime]]:
    """Streams (employee, start) of all sessions that have been counted and are not deleted."""
    async for employee_id, started_at in await tx.stream(_COUNTED):
        yield employee_id, started_at
