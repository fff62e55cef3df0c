"""Totals of a company's days, the data of the aggregate feed. The totals are the fields of `CompanyChange`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracking.company.store.levels import Levels
from tracking.totals.rules.daybook import CompanyChange


@dataclass(frozen=True, slots=True)
class CompanyDayRow:
    """One day of the company; the names are those of the columns and of the feed's fields."""

    day: date
    revision: int
    active_seconds: int
    idle_seconds: int
    employees_active: int
    sessions: int
    screenshots: int
    storage_bytes: int
    seats_used: int

    @property
    def sums(self) -> CompanyChange:
        """The measures that are added up."""
        return CompanyChange(**{name: getattr(self, name) for name in _SUMS})


NUMBERS = tuple(field.name for field in fields(CompanyDayRow) if field.name != "day")

_SUMS = [field.name for field in fields(CompanyChange)]
_SUM_NAMES = ", ".join(_SUMS)
_SUM_ARRAYS = ", ".join(f"CAST(:{name} AS bigint[])" for name in _SUMS)
_COLUMNS = ", ".join(field.name for field in fields(CompanyDayRow))

# Totals grow by the change. Levels are those of the day's latest change; a late row leaves a past day's levels alone.
_ADD = text(f"""
    INSERT INTO company_day AS c (company_id, day, revision, {_SUM_NAMES}, storage_bytes, seats_used)
    SELECT :company_id, day, :revision, {_SUM_NAMES}, :storage_bytes, :seats_used
    FROM unnest(CAST(:days AS date[]), {_SUM_ARRAYS}) k (day, {_SUM_NAMES})
    ON CONFLICT (company_id, day) DO UPDATE SET
        revision = excluded.revision,
        {", ".join(f"{name} = c.{name} + excluded.{name}" for name in _SUMS)},
        storage_bytes = CASE WHEN c.day >= :today THEN excluded.storage_bytes ELSE c.storage_bytes END,
        seats_used = CASE WHEN c.day >= :today THEN excluded.seats_used ELSE c.seats_used END
""")

_READ = text(f"SELECT {_COLUMNS} FROM company_day WHERE day >= :first AND day < :end ORDER BY day")

_MONTHS = text("SELECT DISTINCT date_trunc('month', day)::date FROM company_day ORDER BY 1")


async def add(
    tx: AsyncConnection,
    company_id: UUID,
    changes: Mapping[date, CompanyChange],
    *,
    revision: int,
    today: date,
    levels: Levels,
) -> None:
    """Adds the changes to the company's days, which all get `revision`; `levels` are the current ones."""
    values = {
        "company_id": company_id,
        "revision": revision,
        "today": today,
        "storage_bytes": levels.storage_bytes,
        "seats_used": levels.seats_used,
        "days": list(changes),
    }
    sums = {name: [getattr(change, name) for change in changes.values()] for name in _SUMS}
    await tx.execute(_ADD, values | sums)


async def read(tx: AsyncConnection, first: date, end: date) -> list[CompanyDayRow]:
    """The company's days from `first` to before `end`."""
    return [CompanyDayRow(**row._mapping) for row in await tx.execute(_READ, {"first": first, "end": end})]


async def months(tx: AsyncConnection) -> list[date]:
    """The first day of each month in which the company has any day."""
    return list((await tx.execute(_MONTHS)).scalars())
