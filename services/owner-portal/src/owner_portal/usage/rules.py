"""Aggregates of one company and day, of all companies and a day, and what is shown of many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal, NamedTuple, Self
from uuid import UUID

WINDOWS = (1, 7, 30, 90)
"""The periods of the rollups in days, today included."""

Measure = Literal["active_seconds", "sessions", "screenshots"]
"""A field of Period."""


class CompanyDay(NamedTuple):
    """One day of one company, in its time zone. Storage and seats are levels: as of the day's latest change.

    The names are those of the feed's fields and of the columns; a field added at the end is read and stored with them.
    """

    company_id: UUID
    day: date
    revision: int = 0
    active_seconds: int = 0
    idle_seconds: int = 0
    employees_active: int = 0
    sessions: int = 0
    screenshots: int = 0
    storage_bytes: int = 0
    seats_used: int = 0


NUMBERS = CompanyDay._fields[3:]
"""The numbers of a day."""


@dataclass(frozen=True, slots=True)
class CompanyMonth:
    """A month of one company in the feed. `numbers`: for each day its day of the month, then the fields of CompanyDay
    from `revision` on."""

    company_id: UUID
    first: date
    numbers: Sequence[tuple[int, ...]]

    @property
    def days(self) -> list[CompanyDay]:
        return [CompanyDay(self.company_id, self.first.replace(day=place), *rest) for place, *rest in self.numbers]

    @property
    def has_each_day_once(self) -> bool:
        return len({day[0] for day in self.numbers}) == len(self.numbers)


@dataclass(frozen=True, slots=True)
class Period:
    """Sums over some days. A level such as storage is never among them.

    The rollups of a company keep each field as `<name>_<days>`, without "_seconds", and the dashboard shows each one.
    """

    active_seconds: int
    sessions: int
    screenshots: int

    @classmethod
    def total(cls, parts: Iterable[object]) -> Self:
        """The sum of days or periods."""
        kept = list(parts)
        return cls(*(sum(getattr(part, field.name) for part in kept) for field in fields(cls)))


ROLLED_UP = {field.name.removesuffix("_seconds"): field.name for field in fields(Period)}
"""The field of Period behind each name in the columns of the rollups."""


@dataclass(frozen=True, slots=True)
class Window:
    """The last days, and the same number of days before them."""

    now: Period
    before: Period


def newest(days: Iterable[CompanyDay]) -> list[CompanyDay]:
    """The version of each company's day with the highest revision, in any order of arrival."""
    kept: dict[tuple[UUID, date], CompanyDay] = {}
    for day in days:
        known = kept.get((day.company_id, day.day))
        if known is None or known.revision < day.revision:
            kept[day.company_id, day.day] = day
    return list(kept.values())


def change(now: int, before: int) -> float | None:
    """The change in percent; None if the earlier number is zero."""
    return 100 * (now - before) / before if before else None


@dataclass(frozen=True, slots=True)
class PlatformDay:
    """One date in the calendars of all companies; zeros without work. `is_over`: in every time zone."""

    day: date
    is_over: bool
    companies_active: int
    active_seconds: int
    idle_seconds: int
    sessions: int
    screenshots: int


SUMS = tuple(field.name for field in fields(PlatformDay) if field.name in NUMBERS)
"""The numbers of a day that are added up over all companies."""


def change_of_whole_days(days: Sequence[PlatformDay], measure: Measure, length: int) -> float | None:
    """In percent: the last `length` dates that are over against as many before; None if those are zero.

    An unfinished date is in neither: it would look like a decrease.
    """
    values = [getattr(day, measure) for day in days if day.is_over]
    return change(sum(values[-length:]), sum(values[-2 * length : -length]))
