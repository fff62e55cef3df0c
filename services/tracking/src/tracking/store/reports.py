"""Sums for reports: always of people that are named, so that each statement reads their rows of the span alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from text_rules.ordering import sort_key
from tracking.store.use_in_time import OFF_THE_CLOCK, on_the_clock

_SUMS = """
    sum(active_seconds), sum(idle_seconds), sum(sessions), sum(screenshots),
    count(*) FILTER (WHERE active_seconds > 0), count(*) FILTER (WHERE active_seconds >= :target)
"""
_WHICH = "employee_id = ANY(CAST(:employee_ids AS uuid[])) AND day BETWEEN :first AND :last"

_BY_PERSON = text(f"SELECT employee_id, {_SUMS} FROM employee_day WHERE {_WHICH} GROUP BY employee_id")

_BY_DAY = text(f"SELECT day, {_SUMS} FROM employee_day WHERE {_WHICH} GROUP BY day ORDER BY day")

# By person first: counting distinct people would sort every row. What ended in a deleted session, and in no other, is
# left out, whenever it has come: a stretch's last second is the one before its end.
_IN_FRONT = """
    SELECT name, employee_id, at, seconds FROM usage_record
    WHERE employee_id = ANY(CAST(:employee_ids AS uuid[])) AND at >= :start AND at < :end AND kind = :kind AND {}
"""
TOP = text(f"""
    WITH deleted AS MATERIALIZED (
        SELECT employee_id, range_agg(deleted_use) AS use FROM work_session
        WHERE employee_id = ANY(CAST(:employee_ids AS uuid[])) AND deleted_at IS NOT NULL
        GROUP BY employee_id
    ), in_front AS (
        {_IN_FRONT.format(on_the_clock("CAST(:start AS timestamptz)", "CAST(:end AS timestamptz)"))}
        UNION ALL {_IN_FRONT.format(OFF_THE_CLOCK)}
    )
    SELECT name, sum(seconds) AS total, count(*) FROM (
        SELECT name, employee_id, sum(seconds) AS seconds FROM in_front LEFT JOIN deleted d USING (employee_id)
        WHERE d.use IS NULL OR NOT d.use @> CAST(floor(extract(epoch FROM at)) AS bigint) - 1
        GROUP BY name, employee_id
    ) of_person
    GROUP BY name ORDER BY total DESC, name LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Sums:
    """Of some days of some people; `worked` and `reached` count days with active time and days at the target."""

    active_seconds: int = 0
    idle_seconds: int = 0
    sessions: int = 0
    screenshots: int = 0
    worked: int = 0
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """How long an application or a website was in front, as trackers report it, and for how many people."""

    name: str
    seconds: int
    people: int


async def by_person(
    tx: AsyncConnection, employee_ids: Sequence[UUID], first: date, last: date, *, target: int
) -> dict[UUID, Sums]:
    """The people that have any of these days; `target` is the seconds of a day that reached it."""
    values = {"employee_ids": list(employee_ids), "first": first, "last": last, "target": target}
    return {employee: Sums(*numbers) for employee, *numbers in await tx.execute(_BY_PERSON, values)}


async def by_day(
    tx: AsyncConnection, employee_ids: Sequence[UUID], first: date, last: date, *, target: int
) -> dict[date, Sums]:
    """The days that have anything of these people, the oldest first."""
    values = {"employee_ids": list(employee_ids), "first": first, "last": last, "target": target}
    return {day: Sums(*numbers) for day, *numbers in await tx.execute(_BY_DAY, values)}


async def top(
    tx: AsyncConnection, employee_ids: Sequence[UUID], kind: str, start: datetime, end: datetime, *, limit: int
) -> list[Use]:
    """What was longest in front of these people from `start` to before `end`; `kind` as in `usage_record`."""
    values = {"employee_ids": list(employee_ids), "kind": kind, "start": start, "end": end, "limit": limit}
    found = [Use(name, int(total), people) for name, total, people in await tx.execute(TOP, values)]
    return sorted(found, key=lambda use: (-use.seconds, sort_key(use.name)))
