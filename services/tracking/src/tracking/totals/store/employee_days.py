"""Totals of an employee's days. The measures are the fields of `EmployeeTotals`."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.totals.rules.daybook import DayKey, EmployeeTotals

_MEASURES = [field.name for field in fields(EmployeeTotals)]
_NAMES = ", ".join(_MEASURES)
_ARRAYS = ", ".join(f"CAST(:{name} AS integer[])" for name in _MEASURES)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in _MEASURES)

_READ = text(f"""
    SELECT employee_id, day, {_NAMES} FROM employee_day
    JOIN unnest(CAST(:employee_ids AS uuid[]), CAST(:days AS date[])) k (employee_id, day) USING (employee_id, day)
""")

_PUT = text(f"""
    INSERT INTO employee_day (company_id, employee_id, day, {_NAMES})
    SELECT :company_id, employee_id, day, {_NAMES}
    FROM unnest(CAST(:employee_ids AS uuid[]), CAST(:days AS date[]),
                {_ARRAYS}) k (employee_id, day, {_NAMES})
    ON CONFLICT (company_id, employee_id, day) DO UPDATE SET {_REPLACED}
""")

_ALL = text(f"SELECT employee_id, day, {_NAMES} FROM employee_day")

_OF_EMPLOYEE = text(f"""
    SELECT day, {_NAMES} FROM employee_day WHERE employee_id = :employee_id AND day >= :first ORDER BY day DESC
""")

_OF_DAY = text(f"SELECT employee_id, {_NAMES} FROM employee_day WHERE day = :day")


async def read(tx: AsyncConnection, keys: Collection[DayKey]) -> dict[DayKey, EmployeeTotals]:
    """The totals of the keys that have any."""
    return {
        (employee, day): EmployeeTotals(*numbers) for employee, day, *numbers in await tx.execute(_READ, _keys(keys))
    }


async def put(tx: AsyncConnection, company_id: UUID, totals: Mapping[DayKey, EmployeeTotals]) -> None:
    """Stores the totals."""
    numbers = {name: [getattr(total, name) for total in totals.values()] for name in _MEASURES}
    if totals:
        await tx.execute(_PUT, {"company_id": company_id, **_keys(totals), **numbers})


async def everything(tx: AsyncConnection) -> dict[DayKey, EmployeeTotals]:
    """All totals of the company's people."""
    return {(employee, day): EmployeeTotals(*numbers) for employee, day, *numbers in await tx.execute(_ALL)}


async def of_employee(tx: AsyncConnection, employee_id: UUID, first: date) -> dict[date, EmployeeTotals]:
    """A person's days since `first`, newest first."""
    rows = await tx.execute(_OF_EMPLOYEE, {"employee_id": employee_id, "first": first})
    return {day: EmployeeTotals(*numbers) for day, *numbers in rows}


async def of_day(tx: AsyncConnection, day: date) -> dict[UUID, EmployeeTotals]:
    """Everyone's totals of one day."""
    rows = await tx.execute(_OF_DAY, {"day": day})
    return {employee: EmployeeTotals(*numbers) for employee, *numbers in rows}


def _keys(keys: Collection[DayKey]) -> dict[str, object]:
    return {"employee_ids": [employee for employee, _ in keys], "days": [day for _, day in keys]}
