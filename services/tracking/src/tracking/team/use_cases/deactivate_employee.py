"""Deactivates and reactivates accounts; an inactive account keeps its data."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Refused
from tracking.db.store.scope import company_scope
from tracking.devices.store import device_list
from tracking.people import store as employees
from tracking.people.use_cases import Seats, publish_levels, require_seat
from tracking.sessions.store import sessions
from tracking.sign_in.store import known_places, password_resets, workspace_sessions
from tracking.team.use_cases.edit_employee import lock_person, require_another_admin


async def deactivate_employee(engine: AsyncEngine, company_id: UUID, number: int, *, by: UUID, now: datetime) -> None:
    """Frees the seat of the person with that number; their devices, sign-ins and open sessions end, and the places that
    they signed in from are no longer known.

    `by` is the acting admin. NotFound: no such person. Refused: oneself, or the company's last active admin. An
    inactive account stays unchanged.
    """
    async with company_scope(engine, company_id) as tx:
        person = await lock_person(tx, number)
        if not person.active:
            return
        if person.employee_id == by:
            raise Refused("you cannot deactivate your own account; another admin can")
        await require_another_admin(tx, person)
        await employees.set_active(tx, person.employee_id, active=False)
        await device_list.revoke_all(tx, person.employee_id, now)
        await workspace_sessions.delete_of_employee(tx, person.employee_id)
        await password_resets.delete_of_employee(tx, person.employee_id)
        await known_places.forget(tx, person.employee_id)
        await sessions.end_of_employee(tx, person.employee_id)
        await publish_levels(tx, company_id)


async def reactivate_employee(engine: AsyncEngine, company_id: UUID, number: int, *, seats: Seats) -> None:
    """Gives the person with that number one of the company's `seats` again; they sign in with their old password.

    NotFound: no such person. Refused: no seat is free. An active account stays unchanged.
    """
    await seats.refresh()
    async with company_scope(engine, company_id) as tx:
        person = await lock_person(tx, number)
        if not person.active:
            await require_seat(tx, seats)
            await employees.set_active(tx, person.employee_id, active=True)
            await publish_levels(tx, company_id)
