"""Sessions that an admin deletes: their rows stay, with the seconds that went with them; of their use only the keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.range import Range
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.domain.spans import Spans

_HOLD = text("""
    SELECT session_id, employee_id, device_id, started_at, ended_at FROM work_session
    WHERE number = :number AND deleted_at IS NULL FOR NO KEY UPDATE
""")

# A second more on either side: those at the ends are whole.
_BESIDE = text("""
    SELECT device_id, started_at, coalesce(ended_at, last_seen_at) FROM work_session
    WHERE employee_id = :employee_id AND session_id <> :session_id AND deleted_at IS NULL
      AND started_at < CAST(:end AS timestamptz) + interval '1 second'
      AND coalesce(ended_at, last_seen_at) > CAST(:start AS timestamptz) - interval '1 second'
""")

_MARK = text("""
    UPDATE work_session
    SET ended_at = :ended_at, ended_by = CASE WHEN ended_by = 'TRACKER' THEN ended_by ELSE 'ADMIN' END,
        deleted_at = :now, deleted_by = :deleted_by,
        deleted_seconds = CAST(:seconds AS int8multirange), deleted_use = CAST(:use AS int8multirange)
    WHERE session_id = :session_id
""")

# The moments find the rows in their index; the last second of each, the one before its end, decides.
_EMPTY_USE = text("""
    UPDATE usage_record SET seconds = 0, name = '', detail = ''
    WHERE employee_id = :employee_id AND at >= to_timestamp(:first + 1) AND at < to_timestamp(:last + 1)
      AND CAST(:use AS int8multirange) @> CAST(floor(extract(epoch FROM at)) AS bigint) - 1
""")

_DELETED = text("""
    SELECT employee_id, device_id, deleted_seconds FROM work_session
    WHERE deleted_at IS NOT NULL AND device_id IS NOT NULL AND NOT isempty(deleted_seconds)
""")


@dataclass(frozen=True, slots=True)
class Doomed:
    """A session that stands. History that was imported elsewhere may have no device."""

    session_id: UUID
    employee_id: UUID
    device_id: UUID | None
    started_at: datetime
    ended_at: datetime | None


async def hold(tx: AsyncConnection, number: int) -> Doomed | None:
    """The scope's session, unless it was deleted; nobody else changes it until the transaction ends."""
    row = (await tx.execute(_HOLD, {"number": number})).one_or_none()
    return Doomed(*row) if row else None


async def beside(tx: AsyncConnection, doomed: Doomed, end: datetime) -> list[tuple[UUID | None, datetime, datetime]]:
    """Device, start and end of the person's other sessions that stand and may share seconds with this one."""
    values = {"employee_id": doomed.employee_id, "session_id": doomed.session_id}
    rows = await tx.execute(_BESIDE, values | {"start": doomed.started_at, "end": end})
    return [(device_id, started_at, ended_at) for device_id, started_at, ended_at in rows]


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
    """Ends and deletes a session, with `seconds` of its device; `use` are those whose use nobody sees any more."""
    values = {"session_id": session_id, "ended_at": ended_at, "deleted_by": deleted_by, "now": now}
    await tx.execute(_MARK, values | {"seconds": _text(seconds), "use": _text(use)})


async def empty_use(tx: AsyncConnection, employee_id: UUID, use: Spans) -> None:
    """Empties the person's records of use that ended in those seconds; under their keys they are known for ever."""
    if use:
        bounds = {"first": use[0][0], "last": use[-1][1]}
        await tx.execute(_EMPTY_USE, {"employee_id": employee_id, "use": _text(use), **bounds})


async def deleted(tx: AsyncConnection) -> list[tuple[UUID, UUID, Spans]]:
    """(employee, device, seconds in Unix time) of each of the scope's deleted sessions that had any."""
    return [(employee, device, _spans(ranges)) for employee, device, ranges in await tx.execute(_DELETED)]


def _text(spans: Spans) -> str:
    return "{" + ",".join(f"[{start},{end})" for start, end in spans) + "}"


def _spans(ranges: Iterable[Range[int]]) -> Spans:
    return [(found.lower or 0, found.upper or 0) for found in ranges]
