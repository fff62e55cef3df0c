"""The kept state of folding: which seconds of a company's day one device has reported."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.domain.days import CompanyDay, company_day
from tracking.domain.spans import Spans
from tracking.domain.timeline import Timeline
from tracking.store.multiranges import from_text, to_text

_DAYS = """
    SELECT day, device_id, CAST(active AS text), CAST(idle AS text), CAST(deleted AS text) FROM device_day
    WHERE employee_id = :employee_id
"""
_OF_EMPLOYEE = text(_DAYS)
_OF_DAYS = text(f"{_DAYS} AND day = ANY(CAST(:days AS date[]))")

_DELETED = text("SELECT employee_id, day, device_id, CAST(deleted AS text) FROM device_day WHERE NOT isempty(deleted)")

_PUT = text("""
    INSERT INTO device_day (company_id, employee_id, day, device_id, active, idle, deleted)
    VALUES (:company_id, :employee_id, :day, :device_id, CAST(:active AS int4multirange), CAST(:idle AS int4multirange),
            CAST(:deleted AS int4multirange))
    ON CONFLICT (company_id, employee_id, day, device_id) DO UPDATE
    SET active = excluded.active, idle = excluded.idle, deleted = excluded.deleted
""")


async def of_employee(tx: AsyncConnection, employee_id: UUID, time_zone: str) -> list[tuple[date, UUID, Timeline]]:
    """(day, device, timeline) of all of one person's days, which were cut in that time zone."""
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id})
    return [(day, device, _timeline(day, time_zone, kept)) for day, device, *kept in rows]


async def of_days(
    tx: AsyncConnection, employee_id: UUID, days: Collection[date], time_zone: str
) -> list[tuple[date, UUID, Timeline]]:
    """The same of some days."""
    rows = await tx.execute(_OF_DAYS, {"employee_id": employee_id, "days": list(days)})
    return [(day, device, _timeline(day, time_zone, kept)) for day, device, *kept in rows]


async def deleted(tx: AsyncConnection, time_zone: str) -> list[tuple[UUID, UUID, Spans]]:
    """(employee, device, deleted seconds) of all of the scope's days that have any, a day each."""
    return [
        (employee, device, from_text(kept, company_day(day, time_zone).start))
        for employee, day, device, kept in await tx.execute(_DELETED)
    ]


async def put(tx: AsyncConnection, company_id: UUID, days: Collection[tuple[UUID, CompanyDay, UUID, Timeline]]) -> None:
    """Keeps (employee, day, device, timeline in Unix time)."""
    values = [
        {
            "company_id": company_id,
            "employee_id": employee,
            "day": day.date,
            "device_id": device,
            "active": to_text(timeline.active, day.start),
            "idle": to_text(timeline.idle, day.start),
            "deleted": to_text(timeline.deleted, day.start),
        }
        for employee, day, device, timeline in days
    ]
    if values:
        await tx.execute(_PUT, values)


def _timeline(day: date, time_zone: str, kept: Iterable[str]) -> Timeline:
    return Timeline(*(from_text(spans, company_day(day, time_zone).start) for spans in kept))
