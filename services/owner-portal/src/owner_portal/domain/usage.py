"""Aggregates of one company and day, and what is shown of many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CompanyDay:
    """One day of one company, in its time zone. Storage and seats are levels: as of the day's latest change."""

    company_id: UUID
    day: date
    revision: int
    active_seconds: int
    idle_seconds: int
    employees_active: int
    sessions: int
    screenshots: int
    storage_bytes: int
    seats_used: int


@dataclass(frozen=True, slots=True)
class DayTotal:
    """All companies together on one day. `age` 0 is today by each company's own calendar, 1 is yesterday."""

    age: int
    active_seconds: int
    sessions: int
    screenshots: int


@dataclass(frozen=True, slots=True)
class Period:
    """Sums over some days. A level such as storage is never among them."""

    active_seconds: int
    sessions: int
    screenshots: int


def newest(days: Iterable[CompanyDay]) -> list[CompanyDay]:
    """One version of each company's day: the one with the highest revision, whatever the order they came in."""
    kept: dict[tuple[UUID, date], CompanyDay] = {}
    for day in days:
        known = kept.get((day.company_id, day.day))
        if known is None or known.revision < day.revision:
            kept[day.company_id, day.day] = day
    return list(kept.values())


def period(totals: Iterable[DayTotal], days: int) -> Period:
    """The sums of today and the `days - 1` days before."""
    recent: Sequence[DayTotal] = [total for total in totals if total.age < days]
    return Period(
        active_seconds=sum(total.active_seconds for total in recent),
        sessions=sum(total.sessions for total in recent),
        screenshots=sum(total.screenshots for total in recent),
    )
