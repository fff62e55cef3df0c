"""Work sessions start, are polled, and end: by their tracker, by an admin, or for silence."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Conflict, NotAuthenticated, NotFound
from servicekit.ids import new_id
from tracking.clock.rules.desktop_clocks import clock_offset
from tracking.db.store.scope import company_scope
from tracking.devices.store import devices
from tracking.devices.store.devices import Device
from tracking.sessions.rules import SESSION_TIMEOUT
from tracking.sessions.store import sessions
from tracking.totals.store import fold_queue


@dataclass(frozen=True, slots=True)
class Started:
    """A session's number, and whether the device's clock offset has changed."""

    number: int
    clock_changed: bool


async def start_session(
    engine: AsyncEngine, company_id: UUID, device: Device, *, desktop_time: datetime, now: datetime
) -> Started:
    """Starts a session and ends an earlier one of the same device.

    Trackers call at the moment the person presses start, so the call also measures the clock offset. NotAuthenticated:
    the device was revoked just now.
    """
    offset = clock_offset(desktop_time, now, known=device.clock_offset)
    clock_changed = offset != device.clock_offset
    async with company_scope(engine, company_id) as tx:
        if clock_changed:
            await devices.set_clock_offset(tx, device.device_id, offset)
        if not await sessions.lock_device(tx, device.device_id):
            raise NotAuthenticated("Your sign-in is no longer valid; sign in again")
        await sessions.end_older(tx, device.employee_id, device.device_id, started_at=desktop_time + offset)
        number = await sessions.insert(
            tx,
            company_id,
            session_id=new_id(),
            employee_id=device.employee_id,
            device_id=device.device_id,
            started_at=desktop_time + offset,
        )
        await fold_queue.append(
            tx, company_id, kind=fold_queue.SESSION, at=desktop_time + offset, employee_id=device.employee_id
        )
    return Started(number, clock_changed)


@dataclass(frozen=True, slots=True)
class Ended:
    """Whether there is such a session, and whether the device's clock offset has changed."""

    is_known: bool
    clock_changed: bool


async def end_session(
    engine: AsyncEngine, company_id: UUID, device: Device, *, number: int, desktop_time: datetime, now: datetime
) -> Ended:
    """Ends a session of the device's employee. Repetitions change nothing.

    Trackers call at the moment the person presses stop, so the call also measures the clock offset.
    """
    offset = clock_offset(desktop_time, now, known=device.clock_offset)
    clock_changed = False
    async with company_scope(engine, company_id) as tx:
        session = await sessions.by_number(tx, number)
        if session is None or session.employee_id != device.employee_id:
            return Ended(is_known=False, clock_changed=False)
        if offset != device.clock_offset:
            await sessions.lock_device(tx, device.device_id)  # locked before the session, as everywhere
        has_ended = await sessions.end(tx, session.session_id, min(desktop_time + offset, now))
        if has_ended and offset != device.clock_offset:
            await devices.set_clock_offset(tx, device.device_id, offset)
            clock_changed = True
    return Ended(is_known=True, clock_changed=clock_changed)


async def end_session_as_admin(engine: AsyncEngine, company_id: UUID, number: int) -> None:
    """Ends an open session of the company, for good.

    A tracker learns of it with its next poll, an agent with the response to its next batch. NotFound: the company has
    no such session. Conflict: it has ended.
    """
    async with company_scope(engine, company_id) as tx:
        session = await sessions.by_number(tx, number)
        if session is None or session.deleted:
            raise NotFound("There is no such session")
        if not await sessions.end_as_admin(tx, session.session_id):
            raise Conflict("This session has ended already")


async def end_silent_sessions(engine: AsyncEngine, dispatch: AsyncEngine) -> int:
    """Ends the open sessions of all companies that have been silent for `SESSION_TIMEOUT`; returns their number."""
    async with dispatch.begin() as tx:
        companies = await sessions.companies_with_silent(tx, SESSION_TIMEOUT)
    ended = 0
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            ended += await sessions.end_silent(tx, SESSION_TIMEOUT)
    return ended


async def poll_session(engine: AsyncEngine, company_id: UUID, device: Device, *, number: int) -> bool:
    """Whether the session continues. One that ended for silence does: its tracker was only disconnected."""
    async with company_scope(engine, company_id) as tx:
        session = await sessions.by_number(tx, number)
        if session is None or session.employee_id != device.employee_id:
            return False
        if session.ended_by == sessions.BY_SILENCE:
            await sessions.reopen(tx, session.session_id)
            return True
        return session.ended_at is None
