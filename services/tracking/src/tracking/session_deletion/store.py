"""Deleted sessions: their rows stay, with the seconds that were deleted; of their use only the keys stay."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.clock.rules.spans import Spans
from tracking.ingest.store.use_in_time import OFF_THE_CLOCK, on_the_clock
from tracking.sessions.rules import MAX_HEARTBEAT_DELAY, SessionCourse
from tracking.sessions.store.session_bounds import NEXT_START, UNTIL
from tracking.totals.store.multiranges import from_text, to_text

_COURSE = f"w.started_at, {UNTIL}, w.ended_by, {NEXT_START}"  # the columns of a Course

_HOLD = text(f"""
    SELECT w.session_id, w.employee_id, w.device_id, {_COURSE} FROM work_session w
    WHERE w.number = :number AND w.deleted_at IS NULL FOR NO KEY UPDATE OF w
""")

# A second more on both sides, since the ends are rounded to whole seconds. How long a session lasted that continues
# with its device's records is known only after reading it.
_BESIDE = text(f"""
    SELECT w.device_id, {_COURSE} FROM work_session w
    WHERE w.employee_id = :employee_id AND w.session_id <> :session_id AND w.deleted_at IS NULL
      AND w.started_at < CAST(:end AS timestamptz) + interval '1 second'
      AND (w.ended_by IS DISTINCT FROM 'TRACKER'
           OR w.ended_at > CAST(:start AS timestamptz) - CAST(:lag AS interval) - interval '1 second')
""")

_MARK = text("""
    UPDATE work_session
    SET ended_at = :ended_at, ended_by = CASE WHEN ended_by = 'TRACKER' THEN ended_by ELSE 'ADMIN' END,
        deleted_at = :now, deleted_by = :deleted_by,
        deleted_seconds = CAST(:seconds AS int8multirange), deleted_use = CAST(:use AS int8multirange)
    WHERE session_id = :session_id
""")

# The moments find the rows; the last second of each span, the one before its end, decides.
_FROM, _TO = (f"to_timestamp({bound}(w.deleted_use) + 1)" for bound in ("lower", "upper"))
_EMPTY_USE = f"""
    UPDATE usage_record SET seconds = 0, name = '', detail = '' FROM work_session w
    WHERE {{which}} AND usage_record.company_id = w.company_id AND usage_record.employee_id = w.employee_id
      AND at >= {_FROM} AND at < {_TO} AND {{found}}
      AND w.deleted_use @> CAST(floor(extract(epoch FROM at)) AS bigint) - 1
      AND (seconds, name, detail) <> (0, '', '')
"""
_FOUND = on_the_clock(_FROM, _TO), OFF_THE_CLOCK
_EMPTY_USE_OF_ONE = [text(_EMPTY_USE.format(which="w.session_id = :session_id", found=found)) for found in _FOUND]
_EMPTY_USE_OF_RECENT = [text(_EMPTY_USE.format(which="w.deleted_at >= :since", found=found)) for found in _FOUND]

_COMPANIES_WITH_RECENT = text("SELECT DISTINCT company_id FROM work_session WHERE deleted_at >= :since")

_DELETED = text("""
    SELECT employee_id, device_id, CAST(deleted_seconds AS text) FROM work_session
    WHERE deleted_at IS NOT NULL AND device_id IS NOT NULL AND NOT isempty(deleted_seconds)
""")


@dataclass(frozen=True, slots=True)
class SessionToDelete:
    """A session to be deleted. Imported history may have no device."""

    session_id: UUID
    employee_id: UUID
    device_id: UUID | None
    course: SessionCourse


async def lock(tx: AsyncConnection, number: int) -> SessionToDelete | None:
    """Locks the session until the transaction ends; None if it was deleted or does not exist."""
    row = (await tx.execute(_HOLD, {"number": number})).one_or_none()
    if row is None:
        return None
    session_id, employee_id, device_id, *course = row
    return SessionToDelete(session_id, employee_id, device_id, SessionCourse(*course))


async def beside(
    tx: AsyncConnection, doomed: SessionToDelete, end: datetime
) -> list[tuple[UUID | None, SessionCourse]]:
    """Device and course of the person's other sessions that may share seconds with this one until `end`."""
    values = {"employee_id": doomed.employee_id, "session_id": doomed.session_id, "lag": MAX_HEARTBEAT_DELAY}
    rows = await tx.execute(_BESIDE, values | {"start": doomed.course.started_at, "end": end})
    return [(device_id, SessionCourse(*course)) for device_id, *course in rows]


async def mark(
    tx: AsyncConnection,
    session_id: UUID,
    *,
    ended_at: datetime,
    deleted_by: UUID,
    seconds: Spans,
    use: Spans,
    now: datetime,
) -> None:
    """Ends and deletes a session, with `seconds` of its device; `use` are the seconds whose use is erased."""
    values = {"session_id": session_id, "ended_at": ended_at, "deleted_by": deleted_by, "now": now}
    await tx.execute(_MARK, values | {"seconds": to_text(seconds), "use": to_text(use)})


async def erase_use(tx: AsyncConnection, session_id: UUID) -> None:
    """Erases the use of a deleted session; the keys of the records stay, so that repetitions are recognised."""
    for statement in _EMPTY_USE_OF_ONE:
        await tx.execute(statement, {"session_id": session_id})


async def erase_late_rows(tx: AsyncConnection, since: datetime) -> int:
    """Erases use of sessions deleted since then that arrived later; returns the number of records."""
    return sum([(await tx.execute(statement, {"since": since})).rowcount for statement in _EMPTY_USE_OF_RECENT])


async def companies_with_recent(dispatch: AsyncConnection, since: datetime) -> list[UUID]:
    """Companies with sessions deleted since then, read with the dispatch role."""
    return list((await dispatch.execute(_COMPANIES_WITH_RECENT, {"since": since})).scalars())


async def deleted(tx: AsyncConnection) -> list[tuple[UUID, UUID, Spans]]:
    """(employee, device, seconds in Unix time) of each deleted session of the company that had any."""
    return [(employee, device, from_text(ranges)) for employee, device, ranges in await tx.execute(_DELETED)]
