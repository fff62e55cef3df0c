"""Totals for reports. Statements name the people, so that each reads only their rows of the range."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from text_rules.ordering import sort_key
from tracking.ingest.rules.rows import MAX_SECONDS
from tracking.ingest.store.use_in_time import LONG, OFF_THE_CLOCK, on_the_clock

_SUMS = """
    sum(active_seconds) AS active_seconds, sum(idle_seconds) AS idle_seconds, sum(sessions) AS sessions,
    sum(screenshots) AS screenshots, count(*) FILTER (WHERE active_seconds > 0) AS worked,
    count(*) FILTER (WHERE active_seconds >= :target) AS reached
"""
_WHICH = "employee_id = ANY(CAST(:employee_ids AS uuid[])) AND day BETWEEN :first AND :last"

_BY_PERSON = text(f"SELECT employee_id, {_SUMS} FROM employee_day WHERE {_WHICH} GROUP BY employee_id")

_BY_DAY = text(f"SELECT day, {_SUMS} FROM employee_day WHERE {_WHICH} GROUP BY day ORDER BY day")

# A span ends at `at` and lasts its seconds; it counts by where its seconds lie. Most are short: those that reach into
# the range from behind it are found within an hour of its end, longer ones by their own index.
_IN_FRONT = """
    SELECT name, employee_id, at, seconds FROM usage_record
    WHERE employee_id = ANY(CAST(:employee_ids AS uuid[])) AND kind = :kind
      AND at >= CAST(:start AS timestamptz) + interval '1 second' AND at < CAST(:end AS timestamptz) + {}
"""
_SHORT = _IN_FRONT.format("interval '1 hour 1 second'") + f" AND NOT {LONG}"
_LONG = _IN_FRONT.format(f"interval '{MAX_SECONDS + 1} seconds'") + f" AND {LONG}"
_ENDED = "CAST(floor(extract(epoch FROM at)) AS bigint)"
_FIRST, _LAST = (
    f"{pick}({of_it}, CAST(extract(epoch FROM CAST({bound} AS timestamptz)) AS bigint))"
    for pick, of_it, bound in (("greatest", f"{_ENDED} - seconds", ":start"), ("least", _ENDED, ":end"))
)

# Grouped by person first: counting distinct people would sort every row. A span that ends in a deleted session (the
# last second is the one before its end) is left out unless it ends in another too; of others the deleted part is.
TOP = text(f"""
    WITH deleted AS MATERIALIZED (
        SELECT employee_id, range_agg(deleted_use) AS use FROM work_session
        WHERE employee_id = ANY(CAST(:employee_ids AS uuid[])) AND deleted_at IS NOT NULL
        GROUP BY employee_id
    ), in_front AS (
        {_SHORT} AND {on_the_clock("CAST(:start AS timestamptz)", "CAST(:end AS timestamptz) + interval '1 hour'")}
        UNION ALL {_SHORT} AND {OFF_THE_CLOCK}
        UNION ALL {_LONG}
    )
    SELECT name, sum(seconds) AS total, count(*) AS people FROM (
        SELECT name, employee_id, sum(
            CASE WHEN d.use IS NULL THEN last - first ELSE (
                SELECT coalesce(sum(upper(r) - lower(r)), 0)
                FROM unnest(int8multirange(int8range(first, last)) - d.use) r
            ) END
        ) AS seconds
        FROM (
            SELECT name, employee_id, {_ENDED} AS ended, {_FIRST} AS first, {_LAST} AS last FROM in_front
        ) f LEFT JOIN deleted d USING (employee_id)
        WHERE first < last AND (d.use IS NULL OR NOT d.use @> ended - 1)
        GROUP BY name, employee_id
    ) of_person
    WHERE seconds > 0
    GROUP BY name ORDER BY total DESC, name LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class ReportTotals:
    """Totals of some days of some people; `worked` and `reached` count days with active time and days at the target."""

    active_seconds: int = 0
    idle_seconds: int = 0
    sessions: int = 0
    screenshots: int = 0
    worked: int = 0
    reached: int = 0


@dataclass(frozen=True, slots=True)
class UseTotal:
    """How long an application or a website was in the foreground, and for how many people."""

    name: str
    seconds: int
    people: int


def _sums(row: Row[Any]) -> ReportTotals:
    names = (field.name for field in fields(ReportTotals))
    return ReportTotals(**{name: getattr(row, name) for name in names})


async def by_person(
    tx: AsyncConnection, employee_ids: Sequence[UUID], first: date, last: date, *, target: int
) -> dict[UUID, ReportTotals]:
    """Totals of the people with any of these days; `target` is in seconds per day."""
    values = {"employee_ids": list(employee_ids), "first": first, "last": last, "target": target}
    return {row.employee_id: _sums(row) for row in await tx.execute(_BY_PERSON, values)}


async def by_day(
    tx: AsyncConnection, employee_ids: Sequence[UUID], first: date, last: date, *, target: int
) -> dict[date, ReportTotals]:
    """Totals of each day with data of these people, oldest first."""
    values = {"employee_ids": list(employee_ids), "first": first, "last": last, "target": target}
    return {row.day: _sums(row) for row in await tx.execute(_BY_DAY, values)}


async def top(
    tx: AsyncConnection, employee_ids: Sequence[UUID], kind: str, start: datetime, end: datetime, *, limit: int
) -> list[UseTotal]:
    """What was longest in the foreground for these people from `start` to before `end`; `kind` as in `usage_record`.

    A span that reaches beyond the range counts with its seconds within.
    """
    values = {"employee_ids": list(employee_ids), "kind": kind, "start": start, "end": end, "limit": limit}
    found = [UseTotal(row.name, int(row.total), row.people) for row in await tx.execute(TOP, values)]
    return sorted(found, key=lambda use: (-use.seconds, sort_key(use.name)))
