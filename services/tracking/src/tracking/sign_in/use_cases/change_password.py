"""New passwords: an admin sets somebody's, a person changes their own. Whatever the old one opened is revoked."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.passwords import verify_password
from credentials.tokens import token_digest
from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from tracking.db.store.scope import company_scope
from tracking.devices.store import device_list
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.people.use_cases import check_new_password, new_password_hash
from tracking.sign_in.store import known_places, password_resets, shown_once, workspace_sessions
from tracking.sign_in.store.sign_in_attempts import ATTEMPTS
from tracking.sign_in.use_cases.throttle import account_subject, admit_confirmation
from tracking.workspace.rules.submissions import Submission
from tracking.workspace.rules.visitors import Ticket
from tracking.workspace.use_cases import earlier_result

SHOWN_FOR = timedelta(minutes=15)


async def reset_password(
    engine: AsyncEngine,
    ticket: Ticket,
    number: int,
    *,
    password: str,
    by: UUID,
    now: datetime,
    submission: Submission | None = None,
) -> UUID:
    """Sets the password of the person with that number, generated if `password` is empty.

    Repetitions of the `submission` have no effect. `show_new_password` shows a generated password once, under the id
    that is returned. All devices and sessions of the person are revoked. `by` is the admin who holds the `ticket`.
    NotFound: no such person. Refused: for oneself, because the current password must be given. Conflict: as in
    `earlier_result`.
    """
    company_id, shown_id = ticket.company_id, new_id()
    seed = None if password else secrets.token_bytes(32)
    async with company_scope(engine, company_id) as tx:
        whose = await employees.by_number(tx, number)
    if whose is None:
        raise NotFound("There is no such person in the company")
    if whose.employee_id == by:
        raise Refused("change your own password on the page of your account")
    chosen = password or _made(ticket, seed)
    password_hash = await new_password_hash(engine, chosen, name=whose.name, email=whose.email)
    async with company_scope(engine, company_id) as tx:
        earlier = await earlier_result(tx, company_id, submission, str(shown_id))
        if earlier is not None:
            return UUID(earlier)
        person = await employees.by_number(tx, number)
        if person is None:
            raise NotFound("There is no such person in the company")
        await ATTEMPTS.lift(tx, account_subject(company_id, person.email))
        await replace_password(tx, person, password_hash, now)
        await shown_once.insert(
            tx,
            company_id,
            shown_id,
            token_digest=token_digest(ticket.token),
            employee_id=person.employee_id,
            seed=seed,
            time=SHOWN_FOR,
        )
    return shown_id


async def show_new_password(engine: AsyncEngine, ticket: Ticket, shown_id: UUID, *, whose: UUID) -> str:
    """The password that `reset_password` generated, once; empty if the admin chose it.

    NotFound: it was shown already, has expired, or belongs to another session.
    """
    async with company_scope(engine, ticket.company_id) as tx:
        shown = await shown_once.take(tx, shown_id, token_digest=token_digest(ticket.token), employee_id=whose)
    if shown is None:
        raise NotFound("This password was shown already and cannot be shown again. If it is lost, reset it again")
    return _made(ticket, shown.seed) if shown.seed else ""


def _made(ticket: Ticket, seed: bytes | None) -> str:
    """96 bits. The database has the seed and the browser the token; the password cannot be derived from one of them."""
    digest = hmac.digest(ticket.token.encode(), seed or b"", "sha256")
    return base64.urlsafe_b64encode(digest).decode()[:16]


async def change_password(
    engine: AsyncEngine,
    ticket: Ticket,
    employee_id: UUID,
    *,
    present: str,
    new: str,
    now: datetime,
    browser: str = "",
) -> None:
    """Changes the password of the holder of the `ticket`, whose session stays; all devices and other sessions are
    revoked.

    This `browser`, the token of its long-lived cookie, stays the only known place. InvalidInput: the current password
    is wrong, or the new one is not allowed. RateLimited: too many attempts.
    """
    company_id, session = ticket.company_id, token_digest(ticket.token)
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_id(tx, employee_id)
    if person is None:
        raise NotFound("There is no such person in the company")
    check_new_password(new, name=person.name, email=person.email, field="new")
    proof = await admit_confirmation(engine, company_id, person, session)
    if not await verify_password(person.password_hash, present):
        raise InvalidInput("The current password is wrong", field="present")
    password_hash = await new_password_hash(engine, new, name=person.name, email=person.email)
    async with company_scope(engine, company_id) as tx:
        await ATTEMPTS.settle(tx, gives_back=[], forgets=[proof.subject])
        await replace_password(tx, person, password_hash, now, spared=session)
        if browser:
            await known_places.remember(tx, company_id, employee_id, token_digest(browser), now)


async def replace_password(
    tx: AsyncConnection, person: Employee, password_hash: str, now: datetime, *, spared: bytes | None = None
) -> None:
    """Replaces the password that `person` was read with; revokes devices, reset links, known places and all sessions
    but one.

    The password is replaced first: a concurrent sign-in with the old one waits for it or is revoked with the rest.
    Conflict: the password was changed meanwhile.
    """
    if not await employees.set_password(tx, person, password_hash):
        raise Conflict("the password was changed a moment ago; reload the page")
    await device_list.revoke_all(tx, person.employee_id, now)
    await password_resets.delete_of_employee(tx, person.employee_id)
    await workspace_sessions.delete_of_employee(tx, person.employee_id, spared=spared)
    await known_places.forget(tx, person.employee_id)
