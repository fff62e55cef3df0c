"""The kept state of folding: which seconds of a company's day one device has reported."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.domain.days import CompanyDay, company_day
from tracking.domain.spans import Spans
from tracking.domain.timeline import Timeline

_OF_EMPLOYEE = text("SELECT day, device_id, active, idle FROM device_day WHERE employee_id = :employee_id")

_PUT = text("""
    INSERT INTO device_day (company_id, employee_id, day, device_id, active, idle)
    VALUES (:company_id, :employee_id, :day, :device_id, CAST(:active AS int4multirange), CAST(:idle AS int4multirange))
    ON CONFLICT (company_id, employee_id, day, device_id) DO UPDATE SET active = excluded.active, idle = excluded.idle
""")


async def of_employee(tx: AsyncConnection, employee_id: UUID, time_zone: str) -> list[tuple[date, UUID, Timeline]]:
    """(day, device, timeline) of all of one person's days, which were cut in that time zone."""
    return [
        (day, device, Timeline(*(_spans(ranges, company_day(day, time_zone).start) for ranges in (active, idle))))
        for day, device, active, idle in await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id})
    ]


async def put(tx: AsyncConnection, company_id: UUID, days: Collection[tuple[UUID, CompanyDay, UUID, Timeline]]) -> None:
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
        await tx.execute(_PUT, values)


def _ranges(spans: Spans, origin: int) -> Multirange[int]:
    return Multirange(Range(start - origin, end - origin) for start, end in spans)


def _spans(ranges: Iterable[Range[int]], origin: int) -> Spans:
    return [((r.lower or 0) + origin, (r.upper or 0) + origin) for r in ranges]
