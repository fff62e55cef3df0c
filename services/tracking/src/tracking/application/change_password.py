"""New passwords: an admin gives one to somebody, everyone changes their own. Whatever opened with the old one ends."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.tokens import token_digest
from servicekit.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, Refused
from tracking.application.accounts import check_new_password, new_password_hash
from tracking.application.guard_sign_in import forgive, subjects
from tracking.application.log_in import check_password
from tracking.application.workspace_sign_in import Ticket
from tracking.store import device_list, employees, workspace_sessions
from tracking.store.employees import Employee
from tracking.store.scope import company_scope


async def reset_password(
    engine: AsyncEngine, company_id: UUID, number: int, *, password: str, by: UUID, now: datetime
) -> str:
    """Gives the company's person with that number a password, made here if `password` is empty, and returns it.

    All their devices and sign-ins end. `by` is the admin who does it. NotFound: no such person. Refused: oneself, of
    whom the present password is asked.
    """
    password = password or secrets.token_urlsafe(12)
    password_hash = await new_password_hash(password)
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_number(tx, number)
        if person is None:
            raise NotFound("There is no such person in the company")
        if person.employee_id == by:
            raise Refused("change your own password on the page of your account")
        await _replace(tx, person, password_hash, now)
    return password


async def change_password(
    engine: AsyncEngine, ticket: Ticket, employee_id: UUID, *, present: str, new: str, origin: str, now: datetime
) -> None:
    """Changes the own password of who holds the `ticket`, the only sign-in that stays; all their devices end.

    InvalidInput: the present password is another, or the new one cannot be. RateLimited: too many attempts.
    """
    check_new_password(new)
    async with company_scope(engine, ticket.company_id) as tx:
        person = await employees.by_id(tx, employee_id)
    if person is None:
        raise NotFound("There is no such person in the company")
    try:
        person = await check_password(engine, ticket.company_id, email=person.email, password=present, origin=origin)
    except NotAuthenticated:
        raise InvalidInput("the present password is wrong") from None
    password_hash = await new_password_hash(new)
    async with company_scope(engine, ticket.company_id) as tx:
        await forgive(tx, subjects(person.email, origin))
        await _replace(tx, person, password_hash, now, spared=token_digest(ticket.token))


async def _replace(
    tx: AsyncConnection, person: Employee, password_hash: str, now: datetime, *, spared: bytes | None = None
) -> None:
    """The password first: whoever signs in at this moment with the old one waits for it, or is ended with the rest."""
    if not await employees.set_password(tx, person, password_hash):
        raise Conflict("the password was changed a moment ago; reload the page")
    await device_list.revoke_all(tx, person.employee_id, now)
    await workspace_sessions.delete_of_employee(tx, person.employee_id, spared=spared)
