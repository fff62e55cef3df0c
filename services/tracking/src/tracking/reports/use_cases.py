"""Reports of days, months and use: admins see everyone of their company, employees see themselves."""

from calendar import monthrange
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.clock.rules.days import company_day, day_of
from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS
from tracking.company.store import companies, company_settings
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.reports import store as reports
from tracking.reports.store import ReportTotals, UseTotal

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportScope:
    """The basis of a report: its people, its time zone, and the daily target in seconds."""

    tx: AsyncConnection
    time_zone: str
    target: int
    people: list[Employee]

    @property
    def ids(self) -> list[UUID]:
        """The people's ids."""
        return [person.employee_id for person in self.people]

    def with_sums(self, found: dict[UUID, ReportTotals]) -> list[tuple[Employee, ReportTotals]]:
        """Everyone with data, and everyone who could have some."""
        people = [person for person in self.people if person.active or person.employee_id in found]
        return [(person, found.get(person.employee_id, ReportTotals())) for person in people]


@dataclass(frozen=True, slots=True)
class Daily:
    """One day of the company."""

    time_zone: str
    target: int
    day: date
    people: list[tuple[Employee, ReportTotals]]

    @property
    def day_before(self) -> date:
        """The previous day."""
        return self.day - _DAY

    @property
    def day_after(self) -> date:
        """The next day."""
        return self.day + _DAY


@dataclass(frozen=True, slots=True)
class Monthly:
    """One month of the company, by person and by day."""

    time_zone: str
    target: int
    first: date
    last: date
    people: list[tuple[Employee, ReportTotals]]
    days: dict[date, ReportTotals]

    @property
    def month_before(self) -> date:
        """A day of the previous month."""
        return self.first - _DAY

    @property
    def month_after(self) -> date:
        """A day of the next month."""
        return self.last + _DAY


@asynccontextmanager
async def report_scope(engine: AsyncEngine, company_id: UUID, only_of: UUID | None) -> AsyncIterator[ReportScope]:
    """A transaction about one person, or with None about everyone of the company. NotFound: no such person."""
    async with company_scope(engine, company_id) as tx:
        company, settings = await companies.get(tx), await company_settings.get(tx)
        everyone = await employees.everyone(tx)
        people = [person for person in everyone if only_of in (None, person.employee_id)]
        if company is None or not people:
            raise NotFound("There is no such person in the company")
        yield ReportScope(tx, company.time_zone, settings.daily_target_seconds, people)


async def show_daily(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, day: date | None, now: datetime
) -> Daily:
    """The report of `day`, or of the day of `now`. InvalidInput: no such day."""
    check_year(day)
    async with report_scope(engine, company_id, only_of) as reader:
        shown = day or day_of(now, reader.time_zone)
        found = await reports.by_person(reader.tx, reader.ids, shown, shown, target=reader.target)
        return Daily(reader.time_zone, reader.target, shown, reader.with_sums(found))


async def show_monthly(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, month: date | None, now: datetime
) -> Monthly:
    """The report of the month of `day`, or of `now`. InvalidInput: no such month."""
    check_year(month)
    async with report_scope(engine, company_id, only_of) as reader:
        first = (month or day_of(now, reader.time_zone)).replace(day=1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        people = await reports.by_person(reader.tx, reader.ids, first, last, target=reader.target)
        days = await reports.by_day(reader.tx, reader.ids, first, last, target=reader.target)
        return Monthly(reader.time_zone, reader.target, first, last, reader.with_sums(people), days)


def check_year(day: date | None) -> None:
    """InvalidInput: the day is outside the supported years."""
    if day and day.year not in PLAUSIBLE_YEARS:
        raise InvalidInput("There is no data for this day; choose another one", field="day")


APPLICATION, WEBSITE = "a", "w"

MAX_RANGE_DAYS = 92  # days: a quarter

DEFAULT_RANGE_DAYS = 7

MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class TopUse:
    """A range of days, both ends included."""

    time_zone: str
    first: date
    last: date
    applications: list[UseTotal]
    websites: list[UseTotal]


async def show_top_use(
    engine: AsyncEngine, company_id: UUID, *, only_of: UUID | None, first: date | None, last: date | None, now: datetime
) -> TopUse:
    """The report of the range. Without a last day it ends today, without a first day it covers a week.

    InvalidInput: no range, or too long. A span over midnight counts on each day with the seconds that lie in it.
    """
    check_year(first)
    check_year(last)
    async with report_scope(engine, company_id, only_of) as reader:
        end = last or day_of(now, reader.time_zone)
        begin = first or end - timedelta(days=DEFAULT_RANGE_DAYS - 1)
        if not 0 <= (end - begin).days < MAX_RANGE_DAYS:
            raise InvalidInput(f"Choose a first day and a later last one, {MAX_RANGE_DAYS} days at most", field="last")
        span = (
            datetime.fromtimestamp(company_day(begin, reader.time_zone).start, UTC),
            datetime.fromtimestamp(company_day(end, reader.time_zone).end, UTC),
        )
        applications = await reports.top(reader.tx, reader.ids, APPLICATION, *span, limit=MAX_SHOWN)
        websites = await reports.top(reader.tx, reader.ids, WEBSITE, *span, limit=MAX_SHOWN)
        return TopUse(reader.time_zone, begin, end, applications, websites)
