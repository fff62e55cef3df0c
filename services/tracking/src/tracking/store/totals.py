"""Kept totals: a device's day as ranges of seconds, an employee's and a company's day as numbers."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.domain.daybook import CompanyChange, DayKey, EmployeeTotals
from tracking.domain.days import CompanyDay
from tracking.domain.spans import Spans
from tracking.domain.timeline import Timeline

_DEVICE_DAYS = text("""
    SELECT d.employee_id, d.day, d.device_id, d.active, d.idle
    FROM device_day d
    JOIN unnest(CAST(:employee_ids AS uuid[]), CAST(:days AS date[])) k (employee_id, day) USING (employee_id, day)
""")

_PUT_DEVICE_DAY = text("""
    INSERT INTO device_day AS d (company_id, employee_id, day, device_id, active, idle)
    VALUES (:company_id, :employee_id, :day, :device_id, CAST(:active AS int4multirange), CAST(:idle AS int4multirange))
    ON CONFLICT (company_id, employee_id, day, device_id) DO UPDATE SET active = excluded.active, idle = excluded.idle
""")

_EMPLOYEE_DAYS = text("""
    SELECT e.employee_id, e.day, e.active_seconds, e.idle_seconds, e.sessions
    FROM employee_day e
    JOIN unnest(CAST(:employee_ids AS uuid[]), CAST(:days AS date[])) k (employee_id, day) USING (employee_id, day)
""")

_PUT_EMPLOYEE_DAYS = text("""
    INSERT INTO employee_day (company_id, employee_id, day, active_seconds, idle_seconds, sessions)
    SELECT :company_id, k.* FROM unnest(CAST(:employee_ids AS uuid[]), CAST(:days AS date[]),
        CAST(:active AS integer[]), CAST(:idle AS integer[]), CAST(:sessions AS integer[])) k
    ON CONFLICT (company_id, employee_id, day) DO UPDATE
    SET active_seconds = excluded.active_seconds, idle_seconds = excluded.idle_seconds, sessions = excluded.sessions
""")

# Sums grow by what changed. Levels are those of the day's latest change, so a late row leaves a past day's alone.
_ADD_COMPANY_DAYS = text("""
    INSERT INTO company_day AS c
        (company_id, day, revision, active_seconds, idle_seconds, employees_active, sessions, storage_bytes, seats_used)
    SELECT :company_id, k.day, :revision, k.active, k.idle, k.employees, k.sessions, :storage_bytes, :seats_used
    FROM unnest(CAST(:days AS date[]), CAST(:active AS bigint[]), CAST(:idle AS bigint[]),
                CAST(:employees AS integer[]), CAST(:sessions AS integer[])) k (day, active, idle, employees, sessions)
    ON CONFLICT (company_id, day) DO UPDATE SET
        revision = excluded.revision,
        active_seconds = c.active_seconds + excluded.active_seconds,
        idle_seconds = c.idle_seconds + excluded.idle_seconds,
        employees_active = c.employees_active + excluded.employees_active,
        sessions = c.sessions + excluded.sessions,
        storage_bytes = CASE WHEN c.day >= :today THEN excluded.storage_bytes ELSE c.storage_bytes END,
        seats_used = CASE WHEN c.day >= :today THEN excluded.seats_used ELSE c.seats_used END
""")

_COMPANY_DAYS = text("""
    SELECT day, revision, active_seconds, idle_seconds, employees_active, sessions, screenshots, storage_bytes,
           seats_used
    FROM company_day WHERE day >= :first AND day < :end ORDER BY day
""")

_ALL_EMPLOYEE_DAYS = text("SELECT employee_id, day, active_seconds, idle_seconds, sessions FROM employee_day")

_DAYS_OF_EMPLOYEE = text("""
    SELECT day, active_seconds, idle_seconds, sessions FROM employee_day
    WHERE employee_id = :employee_id AND day >= :first ORDER BY day DESC
""")

_TOTALS_OF_DAY = text("""
    SELECT employee_id, active_seconds, idle_seconds, sessions FROM employee_day WHERE day = :day
""")

_MONTHS = text("SELECT DISTINCT date_trunc('month', day)::date FROM company_day ORDER BY 1")


@dataclass(frozen=True, slots=True)
class CompanyDayRow:
    """One day of the scope's company, as it leaves tracking."""

    day: date
    revision: int
    active_seconds: int
    idle_seconds: int
    employees_active: int
    sessions: int
    screenshots: int
    storage_bytes: int
    seats_used: int


def _ranges(spans: Spans, origin: int) -> Multirange[int]:
    return Multirange(Range(start - origin, end - origin) for start, end in spans)


def _spans(ranges: Iterable[Range[int]], origin: int) -> Spans:
    return [((r.lower or 0) + origin, (r.upper or 0) + origin) for r in ranges]


def _keys(keys: Collection[DayKey]) -> dict[str, object]:
    return {"employee_ids": [employee for employee, _ in keys], "days": [day for _, day in keys]}


async def device_days(tx: AsyncConnection, keys: Mapping[DayKey, int]) -> list[tuple[UUID, date, UUID, Timeline]]:
    """(employee, day, device, timeline in Unix time) for the keys, each mapped to the start of its day."""
    rows = await tx.execute(_DEVICE_DAYS, _keys(keys))
    return [
        (employee, day, device, Timeline(_spans(active, keys[employee, day]), _spans(idle, keys[employee, day])))
        for employee, day, device, active, idle in rows
    ]


async def put_device_days(
    tx: AsyncConnection, company_id: UUID, days: Collection[tuple[UUID, CompanyDay, UUID, Timeline]]
) -> None:
    """Keeps (employee, day, device, timeline in Unix time)."""
    values = [
        {
            "company_id": company_id,
            "employee_id": employee,
            "day": day.date,
            "device_id": device,
            "active": _ranges(timeline.active, day.start),
            "idle": _ranges(timeline.idle, day.start),
        }
        for employee, day, device, timeline in days
    ]
    if values:
        await tx.execute(_PUT_DEVICE_DAY, values)


async def employee_days(tx: AsyncConnection, keys: Collection[DayKey]) -> dict[DayKey, EmployeeTotals]:
    """Totals of the keys that have any."""
    rows = await tx.execute(_EMPLOYEE_DAYS, _keys(keys))
    return {(employee, day): EmployeeTotals(*numbers) for employee, day, *numbers in rows}


async def put_employee_days(tx: AsyncConnection, company_id: UUID, totals: Mapping[DayKey, EmployeeTotals]) -> None:
    """Keeps the totals."""
    values = _keys(totals.keys()) | {
        "company_id": company_id,
        "active": [t.active_seconds for t in totals.values()],
        "idle": [t.idle_seconds for t in totals.values()],
        "sessions": [t.sessions for t in totals.values()],
    }
    if totals:
        await tx.execute(_PUT_EMPLOYEE_DAYS, values)


async def add_company_days(
    tx: AsyncConnection,
    company_id: UUID,
    changes: Mapping[date, CompanyChange],
    *,
    revision: int,
    today: date,
    storage_bytes: int,
    seats_used: int,
) -> None:
    """Adds the changes to the company's days, which all get `revision`."""
    values = {
        "company_id": company_id,
        "revision": revision,
        "today": today,
        "storage_bytes": storage_bytes,
        "seats_used": seats_used,
        "days": list(changes),
        "active": [c.active_seconds for c in changes.values()],
        "idle": [c.idle_seconds for c in changes.values()],
        "employees": [c.employees_active for c in changes.values()],
        "sessions": [c.sessions for c in changes.values()],
    }
    await tx.execute(_ADD_COMPANY_DAYS, values)


async def company_days(tx: AsyncConnection, first: date, end: date) -> list[CompanyDayRow]:
    """The scope's days from `first` to before `end`."""
    return [CompanyDayRow(*row) for row in await tx.execute(_COMPANY_DAYS, {"first": first, "end": end})]


async def months(tx: AsyncConnection) -> list[date]:
    """First days of the months in which the scope has any day."""
    return list((await tx.execute(_MONTHS)).scalars())


async def all_employee_days(tx: AsyncConnection) -> dict[DayKey, EmployeeTotals]:
    """Every total of the scope's people."""
    rows = await tx.execute(_ALL_EMPLOYEE_DAYS)
    return {(employee, day): EmployeeTotals(*numbers) for employee, day, *numbers in rows}


async def days_of_employee(tx: AsyncConnection, employee_id: UUID, first: date) -> dict[date, EmployeeTotals]:
    """One person's days since `first`, the newest first."""
    rows = await tx.execute(_DAYS_OF_EMPLOYEE, {"employee_id": employee_id, "first": first})
    return {day: EmployeeTotals(*numbers) for day, *numbers in rows}


async def totals_of_day(tx: AsyncConnection, day: date) -> dict[UUID, EmployeeTotals]:
    """Everyone's totals of one day."""
    rows = await tx.execute(_TOTALS_OF_DAY, {"day": day})
    return {employee: EmployeeTotals(*numbers) for employee, *numbers in rows}
