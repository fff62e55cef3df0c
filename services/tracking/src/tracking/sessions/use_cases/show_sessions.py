"""Sessions in the workspace: employees see their own, admins those of their company's people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import InvalidInput, NotFound
from tracking.clock.rules.days import company_day
from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.sessions.store import session_list
from tracking.sessions.store.session_list import ListedSession, SessionTime
from tracking.workspace.rules.paging import Position, page_of, position_of

SESSIONS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """A filter: sessions of one person (by number) or of all, started on one of the viewer's days or on any."""

    person: int | None = None
    day: date | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of sessions, newest first, with the time counted in them. `people` are the choices of the filter."""

    time_zone: str  # the viewer's, or the company's; for all times and days of the page
    people: list[Employee]
    sessions: list[tuple[ListedSession, SessionTime]]
    after: str  # where the next page begins; empty on the last


@dataclass(frozen=True, slots=True)
class SessionShown:
    """One session."""

    time_zone: str
    session: ListedSession
    counted: SessionTime


async def show_sessions(
    engine: AsyncEngine, company_id: UUID, viewer: UUID, wanted: SessionFilter, *, is_admin: bool
) -> SessionPage:
    """One page of the sessions that the viewer may see. InvalidInput: no such day or page. NotFound: no such person."""
    if wanted.day and wanted.day.year not in PLAUSIBLE_YEARS:
        raise InvalidInput("There is no data for this day; choose another one", field="day")
    begin = position_of(wanted.after)
    async with company_scope(engine, company_id) as tx:
        time_zone = await _zone(tx, viewer)
        people = await employees.everyone(tx) if is_admin else []
        found = await session_list.page(
            tx,
            employee_id=_whose(people, wanted.person) if is_admin else viewer,
            between=_bounds(wanted.day, time_zone) if wanted.day else None,
            limit=SESSIONS_PER_PAGE + 1,
            after=begin,
        )
        page = page_of(found, SESSIONS_PER_PAGE, lambda session: Position(session.started_at, session.session_id))
        shown = page.rows
        counted = await session_list.counted(tx, shown)
    with_time = [(session, counted.get(session.session_id, SessionTime())) for session in shown]
    return SessionPage(time_zone, people, with_time, page.after)


async def show_session(
    engine: AsyncEngine, company_id: UUID, viewer: UUID, number: int, *, is_admin: bool
) -> SessionShown:
    """One session. NotFound: the company has none with that number, or the viewer may not see it."""
    async with company_scope(engine, company_id) as tx:
        time_zone = await _zone(tx, viewer)
        session = await session_list.by_number(tx, number)
        if session is None or not (is_admin or session.employee_id == viewer):
            raise NotFound("There is no such session")
        counted = await session_list.counted(tx, [session])
    return SessionShown(time_zone, session, counted.get(session.session_id, SessionTime()))


async def _zone(tx: AsyncConnection, viewer: UUID) -> str:
    person, company = await employees.by_id(tx, viewer), await companies.get(tx)
    if person is None or company is None:
        raise NotFound("There is no such person in the company")
    return person.time_zone or company.time_zone


def _whose(people: Sequence[Employee], number: int | None) -> UUID | None:
    if number is None:
        return None
    for person in people:
        if person.number == number:
            return person.employee_id
    raise NotFound("There is no such person in the company")


def _bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    found = company_day(day, time_zone)
    return datetime.fromtimestamp(found.start, UTC), datetime.fromtimestamp(found.end, UTC)
