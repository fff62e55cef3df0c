"""The state of folding: which seconds of an hour each device has reported, and which of them were deleted.

An hour is its number since 1970 in UTC, its seconds are 0 to 3599, independently of the company's time zone.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.clock.rules.spans import Spans
from tracking.totals.rules.daybook import HOUR
from tracking.totals.rules.timeline import Timeline
from tracking.totals.store.multiranges import from_text, to_text

_HOURS = """
    SELECT hour, device_id, CAST(active AS text), CAST(idle AS text), CAST(deleted AS text) FROM device_hour
    WHERE employee_id = :employee_id
"""
_OF_EMPLOYEE = text(_HOURS)
_OF_HOURS = text(f"{_HOURS} AND hour = ANY(CAST(:hours AS integer[]))")

_PEOPLE = text("SELECT DISTINCT employee_id FROM device_hour")

_DELETED = text(
    "SELECT employee_id, hour, device_id, CAST(deleted AS text) FROM device_hour WHERE NOT isempty(deleted)"
)

_PUT = text("""
    INSERT INTO device_hour (company_id, employee_id, hour, device_id, active, idle, deleted)
    SELECT :company_id, employee_id, hour, device_id, CAST(active AS int4multirange), CAST(idle AS int4multirange),
        CAST(deleted AS int4multirange)
    FROM unnest(CAST(:employee_ids AS uuid[]), CAST(:hours AS integer[]), CAST(:device_ids AS uuid[]),
                CAST(:active AS text[]), CAST(:idle AS text[]), CAST(:deleted AS text[]))
        k (employee_id, hour, device_id, active, idle, deleted)
    ON CONFLICT (company_id, employee_id, hour, device_id) DO UPDATE
    SET active = excluded.active, idle = excluded.idle, deleted = excluded.deleted
""")


async def of_employee(tx: AsyncConnection, employee_id: UUID) -> list[tuple[int, UUID, Timeline]]:
    """(hour, device, timeline in Unix time) of all hours of a person."""
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id})
    return [(hour, device, timeline(hour, kept)) for hour, device, *kept in rows]


async def of_hours(tx: AsyncConnection, employee_id: UUID, hours: Collection[int]) -> list[tuple[int, UUID, Timeline]]:
    """(hour, device, timeline in Unix time) of the given hours of a person."""
    rows = await tx.execute(_OF_HOURS, {"employee_id": employee_id, "hours": list(hours)})
    return [(hour, device, timeline(hour, kept)) for hour, device, *kept in rows]


async def people(tx: AsyncConnection) -> set[UUID]:
    """The people who have any."""
    return set((await tx.execute(_PEOPLE)).scalars())


async def deleted(tx: AsyncConnection) -> list[tuple[UUID, UUID, Spans]]:
    """(employee, device, deleted seconds in Unix time) of each of the company's hours that has any."""
    return [
        (employee, device, from_text(kept, hour * HOUR)) for employee, hour, device, kept in await tx.execute(_DELETED)
    ]


async def put(tx: AsyncConnection, company_id: UUID, hours: Collection[tuple[UUID, int, UUID, Timeline]]) -> None:
    """Stores (employee, hour, device, timeline in Unix time)."""
    if hours:
        values = {
            "company_id": company_id,
            "employee_ids": [employee for employee, *_ in hours],
            "hours": [hour for _, hour, *_ in hours],
            "device_ids": [device for *_, device, _timeline in hours],
            "active": [to_text(kept.active, hour * HOUR) for _, hour, _device, kept in hours],
            "idle": [to_text(kept.idle, hour * HOUR) for _, hour, _device, kept in hours],
            "deleted": [to_text(kept.deleted, hour * HOUR) for _, hour, _device, kept in hours],
        }
        await tx.execute(_PUT, values)


def timeline(hour: int, kept: Iterable[str]) -> Timeline:
    """The active, idle and deleted seconds of an hour, in Unix time."""
    return Timeline(*(from_text(seconds, hour * HOUR) for seconds in kept))
