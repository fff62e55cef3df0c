"""Reports of days and months: of everyone to the company's admins, of themselves to everyone else."""

from calendar import monthrange
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.clock.rules.days import day_of
from tracking.clock.rules.offsets import PLAUSIBLE_YEARS
from tracking.company.store import companies, company_settings
from tracking.db.store.scope import company_scope
from tracking.people.store import employees
from tracking.people.store.employees import Employee
from tracking.reports import store as reports
from tracking.reports.store import Sums

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """What every report begins with: whom it is about, in which days, against which target (seconds a day)."""

    tx: AsyncConnection
    time_zone: str
    target: int
    people: list[Employee]

    @property
    def ids(self) -> list[UUID]:
        """The people's."""
        return [person.employee_id for person in self.people]

    def with_sums(self, found: dict[UUID, Sums]) -> list[tuple[Employee, Sums]]:
        """Everyone who has any, and everyone who could have."""
        people = [person for person in self.people if person.active or person.employee_id in found]
        return [(person, found.get(person.employee_id, Sums())) for person in people]


@dataclass(frozen=True, slots=True)
class Daily:
    """One day of the company."""

    time_zone: str
    target: int
    day: date
    people: list[tuple[Employee, Sums]]

    @property
    def day_before(self) -> date:
        """The day before that one."""
        return self.day - _DAY

    @property
    def day_after(self) -> date:
        """The day after that one."""
        return self.day + _DAY


@dataclass(frozen=True, slots=True)
class Monthly:
    """One month of the company, by person and by day."""

    time_zone: str
    target: int
    first: date
    last: date
    people: list[tuple[Employee, Sums]]
    days: dict[date, Sums]

    @property
    def month_before(self) -> date:
        """A day of it."""
        return self.first - _DAY

    @property
    def month_after(self) -> date:
        """A day of it."""
        return self.last + _DAY


@asynccontextmanager
async def reading(engine: AsyncEngine, company_id: UUID, only_of: UUID | None) -> AsyncIterator[Reader]:
    """A transaction about one person or, with None, about everyone of the company. NotFound: no such person."""
    async with company_scope(engine, company_id) as tx:
        company, settings = await companies.get(tx), await company_settings.get(tx)
        everyone = await employees.everyone(tx)
        people = [person for person in everyone if only_of in (None, person.employee_id)]
        if company is None or not people:
            raise NotFound("There is no such person in the company")
        yield Reader(tx, company.time_zone, settings.daily_target_seconds, people)


async def show_daily(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, day: date | None, now: datetime
) -> Daily:
    """That day; without one the day of `now`. InvalidInput: no such day."""
    check_year(day)
    async with reading(engine, company_id, only_of) as reader:
        shown = day or day_of(now, reader.time_zone)
        found = await reports.by_person(reader.tx, reader.ids, shown, shown, target=reader.target)
        return Daily(reader.time_zone, reader.target, shown, reader.with_sums(found))


async def show_monthly(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, month: date | None, now: datetime
) -> Monthly:
    """The month of that day; without one the month of `now`. InvalidInput: no such month."""
    check_year(month)
    async with reading(engine, company_id, only_of) as reader:
        first = (month or day_of(now, reader.time_zone)).replace(day=1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        people = await reports.by_person(reader.tx, reader.ids, first, last, target=reader.target)
        days = await reports.by_day(reader.tx, reader.ids, first, last, target=reader.target)
        return Monthly(reader.time_zone, reader.target, first, last, reader.with_sums(people), days)


def check_year(day: date | None) -> None:
    """InvalidInput when nothing can be known of such a day."""
    if day and day.year not in PLAUSIBLE_YEARS:
        raise InvalidInput("There is nothing to see of such a day")
