"""New passwords: an admin gives one to somebody, everyone changes their own. Whatever opened with the old one ends."""

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
from tracking.sign_in.store import known_places, password_resets, shown_once, sign_in_attempts, workspace_sessions
from tracking.sign_in.use_cases.guard_sign_in import account_subject, admit_proof
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
    """Gives the company's person with that number a password, made here if `password` is empty.

    It takes effect once however often the `submission` comes; `show_new_password` shows what was made, once, under the
    id that is returned. All their devices and sign-ins end. `by` is the admin who holds the `ticket`. NotFound: no such
    person. Refused: oneself, of whom the current password is asked. Conflict: as of `earlier_result`.
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
        await sign_in_attempts.lift(tx, account_subject(company_id, person.email))
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
    """The password that `reset_password` made for that person, this once; empty: the admin chose it.

    NotFound: it was shown already, its time is over, or it is for another session.
    """
    async with company_scope(engine, ticket.company_id) as tx:
        shown = await shown_once.take(tx, shown_id, token_digest=token_digest(ticket.token), employee_id=whose)
    if shown is None:
        raise NotFound("This password was shown already and cannot be shown again. If it is lost, reset it again")
    return _made(ticket, shown.seed) if shown.seed else ""


def _made(ticket: Ticket, seed: bytes | None) -> str:
    """Of 96 bits. The database has the seed and the browser the token; nobody who has one of them can compute it."""
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
    """Changes the own password of who holds the `ticket`, the only sign-in that stays; all their devices end.

    The account is known to no place any more but to this `browser`, the token of its long-lived cookie.
    InvalidInput: the current password is another, or the new one cannot be. RateLimited: too many attempts.
    """
    company_id, session = ticket.company_id, token_digest(ticket.token)
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_id(tx, employee_id)
    if person is None:
        raise NotFound("There is no such person in the company")
    check_new_password(new, name=person.name, email=person.email)
    proof = await admit_proof(engine, company_id, person, session)
    if not await verify_password(person.password_hash, present):
        raise InvalidInput("The current password is wrong")
    password_hash = await new_password_hash(engine, new, name=person.name, email=person.email)
    async with company_scope(engine, company_id) as tx:
        await sign_in_attempts.settle(tx, gives_back=[], forgets=[proof.subject])
        await replace_password(tx, person, password_hash, now, spared=session)
        if browser:
            await known_places.remember(tx, company_id, employee_id, token_digest(browser), now)


async def replace_password(
    tx: AsyncConnection, person: Employee, password_hash: str, now: datetime, *, spared: bytes | None = None
) -> None:
    """Sets the password that `person` was read with; their devices, links to reset it and sign-ins but one end,
    and no place is known to the account any more.

    The password first: whoever signs in at this moment with the old one waits for it, or is ended with the rest.
    Conflict: it was changed meanwhile.
    """
    if not await employees.set_password(tx, person, password_hash):
        raise Conflict("the password was changed a moment ago; reload the page")
    await device_list.revoke_all(tx, person.employee_id, now)
    await password_resets.delete_of_employee(tx, person.employee_id)
    await workspace_sessions.delete_of_employee(tx, person.employee_id, spared=spared)
    await known_places.forget(tx, person.employee_id)
