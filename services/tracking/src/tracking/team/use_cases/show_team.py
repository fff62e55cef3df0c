"""The data of the home and team pages."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.clock.rules.days import day_of
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.ingest.store import quarantine
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.sessions.store import sessions
from tracking.sessions.store.sessions import WorkSession
from tracking.tasks import store as tasks
from tracking.tasks.store import Task
from tracking.totals.rules.daybook import EmployeeTotals
from tracking.totals.store import employee_days

DAYS_SHOWN = 30
SESSIONS_SHOWN = 20
TASKS_SHOWN = 50  # the page of tasks shows all of them
REJECTIONS_SHOWN = 100  # pairs of a person and a reason


@dataclass(frozen=True, slots=True)
class TeamOverview:
    """A company's people and their current day."""

    day: date
    people: list[tuple[Employee, EmployeeTotals]]
    seats_used: int
    quarantined: dict[str, int]
    quarantined_by_person: list[quarantine.PersonRejections]


@dataclass(frozen=True, slots=True)
class PersonOverview:
    """A person's days, sessions (newest first) and tasks."""

    time_zone: str  # of the company's days
    times_zone: str  # of displayed times: the person's, or the company's
    days: dict[date, EmployeeTotals]
    sessions: list[WorkSession]
    tasks: list[Task]


async def show_team(engine: AsyncEngine, company_id: UUID, now: datetime) -> TeamOverview:
    """For an admin of the company."""
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        day = day_of(now, company.time_zone if company else "UTC")
        people = await employees.everyone(tx)
        today = await employee_days.of_day(tx, day)
        kept_aside = await quarantine.counts(tx)
        by_person = await quarantine.by_person(tx, limit=REJECTIONS_SHOWN)
    shown = [(person, today.get(person.employee_id, EmployeeTotals())) for person in people]
    return TeamOverview(day, shown, sum(person.active for person in people), kept_aside, by_person)


async def show_person(engine: AsyncEngine, company_id: UUID, employee_id: UUID, now: datetime) -> PersonOverview:
    """For the person."""
    async with company_scope(engine, company_id) as tx:
        company = await companies.get(tx)
        time_zone = company.time_zone if company else "UTC"
        person = await employees.by_id(tx, employee_id)
        first = day_of(now, time_zone) - timedelta(days=DAYS_SHOWN)
        days = await employee_days.of_employee(tx, employee_id, first)
        return PersonOverview(
            time_zone,
            (person and person.time_zone) or time_zone,
            days,
            await sessions.recent(tx, employee_id, SESSIONS_SHOWN),
            await tasks.of_employee(tx, employee_id, limit=TASKS_SHOWN),
        )
