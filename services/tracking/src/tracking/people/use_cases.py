"""Accounts: a company's first admin, and the people that an admin adds."""

import hmac
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials import preparation
from credentials.passwords import hash_password, salt_for, verify_password
from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from text_rules.addresses import Address
from text_rules.lines import validate
from tracking.company.store import companies, levels
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee, email_digest
from tracking.totals.store import fold_queue
from tracking.workspace import store as form_submissions
from tracking.workspace.rules.submissions import Submission
from tracking.workspace.rules.visitors import ADMIN, EMPLOYEE
from tracking.workspace.use_cases import earlier_result

MAX_NAME_LENGTH = 200
SET_UP = "this company is set up already; sign in, or ask its admin for an account"


class Seats(Protocol):
    """The number of active people that the company may have. The plan may change while a password is hashed."""

    async def refresh(self) -> None:
        """Refreshes the entitlement; called before the transaction."""

    def now(self) -> int:
        """The current number; called while the company is locked. AppError: the company has no access."""


async def set_up_company(
    engine: AsyncEngine,
    company_id: UUID,
    *,
    seats: Seats,
    time_zone: str,
    name: str,
    email: str,
    password: str,
    form_key: str = "",
) -> Employee:
    """Creates the company's first account, an admin's, for a holder of its key. Conflict: there is an account already.

    A repetition of the form, recognised by its key, returns the account that it created.
    """
    admin = await _new_account(engine, name=name, email=email, password=password, role=ADMIN)
    fields = {"name": name, "email": email, "password": password}
    submission = Submission(form_key, admin.employee_id, "/setup", fields) if form_key else None
    await seats.refresh()
    async with company_scope(engine, company_id) as tx:
        await companies.ensure(tx, company_id, time_zone)
        await companies.lock(tx)
        made = await _made_by(tx, submission)
        if made is None and await levels.seats_used(tx):
            raise Conflict(SET_UP)
        if made is None:
            await require_seat(tx, seats)
            await _add(tx, company_id, admin)
            await earlier_result(tx, company_id, submission)
    if made is not None and not await verify_password(made.password_hash, password):  # the password was changed since
        raise Conflict(SET_UP)
    return made or admin


async def _made_by(tx: AsyncConnection, submission: Submission | None) -> Employee | None:
    found = await form_submissions.find(tx, submission) if submission else None
    if submission is None or found is None or not hmac.compare_digest(found[1], submission.content_digest):
        return None
    return await employees.by_id(tx, found[0])


async def add_employee(
    engine: AsyncEngine,
    company_id: UUID,
    *,
    seats: Seats,
    name: str,
    email: str,
    password: str,
    role: str = EMPLOYEE,
    submission: Submission | None = None,
) -> Employee:
    """Adds an account within the company's `seats`; repetitions of the `submission` have no effect.

    Refused: no seat is free. Conflict: the e-mail is taken, or as in `earlier_result`.
    """
    employee = await _new_account(engine, name=name, email=email, password=password, role=role)
    await seats.refresh()
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)  # otherwise two admins could both take the last seat
        if await earlier_result(tx, company_id, submission) is not None:
            return employee
        await require_seat(tx, seats)
        await _add(tx, company_id, employee)
    return employee


async def _new_account(engine: AsyncEngine, *, name: str, email: str, password: str, role: str) -> Employee:
    name, email = identity(name, email)
    check_role(role)
    password_hash = await new_password_hash(engine, password, name=name, email=email)
    return Employee(new_id(), 0, name, email, role, password_hash, active=True)


def identity(name: str, email: str) -> tuple[str, str]:
    """Name and e-mail as they are stored. InvalidInput: one is invalid."""
    return validate(name, "the name", max_length=MAX_NAME_LENGTH, required=True, field="name"), Address.checked(
        email, "the e-mail", field="email"
    ).text


def check_role(role: str) -> None:
    """InvalidInput: there is no such role."""
    if role not in (ADMIN, EMPLOYEE):
        raise InvalidInput(f"the role must be {ADMIN} or {EMPLOYEE}", field="role")


async def new_password_hash(
    engine: AsyncEngine, password: str, *, name: str, email: str, field: str = "password"
) -> str:
    """The hash of a new password. InvalidInput: it is too short, too long or too easy to guess.

    `field`: the input that it was typed into.
    """
    check_new_password(password, name=name, email=email, field=field)
    async with engine.begin() as tx:
        salt = salt_for(await employees.salt_key(tx), email_digest(email))
    return await hash_password(password, salt)


def check_new_password(password: str, *, name: str, email: str, field: str = "password") -> None:
    """InvalidInput: it is too short, too long or too easy to guess."""
    try:
        preparation.check_new_password(password, [name, email])
    except preparation.UnfitPassword as unfit:
        raise InvalidInput(str(unfit), field=field) from None


async def require_seat(tx: AsyncConnection, seats: Seats) -> None:
    """Refused: the company's accounts take all of its `seats`. The caller holds the company's lock."""
    allowed = seats.now()
    if await levels.seats_used(tx) >= allowed:
        raise Refused(f"all {allowed} seats of the plan are taken; contact your provider for a larger plan")


async def _add(tx: AsyncConnection, company_id: UUID, employee: Employee) -> None:
    await employees.insert(tx, company_id, employee)
    await publish_levels(tx, company_id)


async def publish_levels(tx: AsyncConnection, company_id: UUID) -> None:
    """Has the company's levels published again."""
    await fold_queue.append(tx, company_id, kind=fold_queue.LEVELS, at=datetime.now(UTC), employee_id=None)


async def find_person(engine: AsyncEngine, company_id: UUID, number: int) -> Employee:
    """The company's person with that number. NotFound: there is none."""
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_number(tx, number)
    if person is None:
        raise NotFound("There is no such person in the company")
    return person
