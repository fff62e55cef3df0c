"""Sessions as the workspace lists them, with person, device, and the time that was counted in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.sessions.rules import seconds_of
from tracking.sessions.store.session_bounds import UNTIL
from tracking.workspace.rules.paging import Position

_SELECT = f"""
    SELECT w.session_id, w.number, w.employee_id, e.number AS employee_number, e.name AS employee_name, w.device_id,
        d.name AS device_name, w.started_at, w.last_seen_at, w.ended_at, w.ended_by, {UNTIL} AS until
    FROM work_session w JOIN employee e USING (company_id, employee_id)
    LEFT JOIN device d ON d.company_id = w.company_id AND d.device_id = w.device_id
    WHERE w.deleted_at IS NULL
"""

# Only the conditions that are needed, so that the planner finds the index for each.
_PAGE = "{select} {conditions} ORDER BY w.started_at DESC, w.session_id DESC LIMIT :limit"
_CONDITIONS = {
    "employee_id": "AND w.employee_id = :employee_id",
    "start": "AND w.started_at >= :start",
    "end": "AND w.started_at < :end",
    "after_moment": "AND w.started_at <= :after_moment",
    "after_id": "AND (w.started_at, w.session_id) < (:after_moment, CAST(:after_id AS uuid))",
}

_BY_NUMBER = text(f"{_SELECT} AND w.number = :number")

# A session's seconds in Unix time, cut into the stored hours.
_COUNTED = text("""
    SELECT s.session_id,
        sum((SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest((d.active - d.deleted) * w.within) r)),
        sum((SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest((d.idle - d.deleted) * w.within) r))
    FROM unnest(CAST(:session_ids AS uuid[]), CAST(:employee_ids AS uuid[]), CAST(:device_ids AS uuid[]),
                CAST(:firsts AS bigint[]), CAST(:ends AS bigint[])) s (session_id, employee_id, device_id, first, last)
    JOIN device_hour d ON d.employee_id = s.employee_id AND d.device_id = s.device_id
        AND d.hour >= s.first / 3600 AND d.hour <= (s.last - 1) / 3600,
    LATERAL (
        SELECT int4multirange(int4range(
            CAST(greatest(s.first - d.hour * 3600::bigint, 0) AS integer),
            CAST(least(s.last - d.hour * 3600::bigint, 3600) AS integer)
        )) AS within
    ) w
    GROUP BY s.session_id
""")


@dataclass(frozen=True, slots=True)
class ListedSession:
    """One session. A tracker's device has no name; imported history may have no device."""

    session_id: UUID
    number: int
    employee_id: UUID
    employee_number: int
    employee_name: str
    device_id: UUID | None
    device_name: str | None
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    ended_by: str | None  # TRACKER, SILENCE, ADMIN or NEXT
    until: datetime  # its end or its last heartbeat

    def __post_init__(self) -> None:
        """Counts the device's records as heartbeats in the two displayed moments."""
        object.__setattr__(self, "last_seen_at", max(self.last_seen_at, self.until))
        if self.ended_at is not None:
            object.__setattr__(self, "ended_at", self.until)


@dataclass(frozen=True, slots=True)
class SessionTime:
    """The seconds of the session's device that were counted between start and end."""

    active_seconds: int = 0
    idle_seconds: int = 0


async def page(
    tx: AsyncConnection,
    *,
    employee_id: UUID | None,
    between: tuple[datetime, datetime] | None,
    limit: int,
    after: Position | None,
) -> list[ListedSession]:
    """The company's sessions, newest first, after that position: of one person, of a span of time, or all."""
    start, end = between or (None, None)
    moment, row_id = after or (None, None)
    asked = {"employee_id": employee_id, "start": start, "end": end, "after_moment": moment, "after_id": row_id}
    values = {name: value for name, value in asked.items() if value is not None}
    conditions = " ".join(_CONDITIONS[name] for name in values)
    statement = text(_PAGE.format(select=_SELECT, conditions=conditions))
    rows = await tx.execute(statement, {**values, "limit": limit})
    return [ListedSession(**row._mapping) for row in rows]


async def by_number(tx: AsyncConnection, number: int) -> ListedSession | None:
    """The company's session with that number, unless it was deleted."""
    row = (await tx.execute(_BY_NUMBER, {"number": number})).one_or_none()
    return ListedSession(**row._mapping) if row else None


async def counted(tx: AsyncConnection, found: Sequence[ListedSession]) -> dict[UUID, SessionTime]:
    """The seconds that were counted in each session; sessions without any are missing."""
    spans = [seconds_of(session.started_at, session.until) for session in found]
    values = {
        "session_ids": [session.session_id for session in found],
        "employee_ids": [session.employee_id for session in found],
        "device_ids": [session.device_id for session in found],
        "firsts": [first for first, _ in spans],
        "ends": [end for _, end in spans],
    }
    rows = await tx.execute(_COUNTED, values)
    return {session_id: SessionTime(int(active), int(idle)) for session_id, active, idle in rows}
