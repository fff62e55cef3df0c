"""Signs in to the workspace by e-mail and password, without a company key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.tokens import new_token, token_digest
from servicekit.errors import NotAuthenticated
from tracking.company.store import company_settings
from tracking.db.store.scope import company_scope, enter_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.sign_in.store import known_places, sign_in_choices, workspace_sessions
from tracking.sign_in.use_cases.check_password import OpenedAccount, lock_all, open_accounts
from tracking.sign_in.use_cases.throttle import Place
from tracking.workspace.rules.visitors import SignedIn, Ticket

LASTS = timedelta(hours=12)
CHOICE_TIME = timedelta(minutes=5)
WRONG = "E-mail or password is wrong"
CHOICE_EXPIRED = "That took too long. Sign in again."


@dataclass(frozen=True, slots=True)
class Choice:
    """The password matched in several companies: the person chooses one, with this token."""

    company_ids: Sequence[UUID]
    token: str = field(repr=False)


async def sign_in(
    engine: AsyncEngine, *, email: str, password: str, origin: str, browser: str = "", now: datetime
) -> Ticket | Choice:
    """Starts a session in the company where e-mail and password match; a Choice if they match in several.

    `origin` is the caller's address, `browser` the token of its long-lived cookie. NotAuthenticated: no match.
    RateLimited: too many attempts. Unavailable: too many concurrent sign-ins.
    """
    place = Place(origin, token_digest(browser))
    opened = [one for one in await open_accounts(engine, email, password, place) if one.employee.active]
    if len(opened) > 1:
        return await _offer(engine, opened, now)
    if not opened:
        raise NotAuthenticated(WRONG)
    async with engine.begin() as tx:
        account = await opened[0].lock(tx, now=now, place=place.browser if browser else None)
        if account is None:
            raise NotAuthenticated(WRONG)
        return await _insert_session(tx, opened[0].company_id, account, now)


async def _offer(engine: AsyncEngine, opened: Sequence[OpenedAccount], now: datetime) -> Choice:
    token = new_token()
    async with engine.begin() as tx:
        held = await lock_all(tx, opened)
        for company_id, account in held:
            await enter_scope(tx, company_id)
            await sign_in_choices.insert(
                tx,
                company_id,
                digest=token_digest(token),
                employee_id=account.employee_id,
                password_hash=account.password_hash,
                now=now,
                expires_at=now + CHOICE_TIME,
            )
    if not held:
        raise NotAuthenticated(WRONG)
    return Choice([company_id for company_id, _ in held], token)


async def choose(engine: AsyncEngine, *, token: str, company_id: UUID, browser: str, now: datetime) -> Ticket:
    """Starts a session in the chosen company. NotAuthenticated: the choice has expired or was not offered."""
    async with company_scope(engine, company_id) as tx:
        found = await sign_in_choices.take(tx, token_digest(token), now)
        account = await employees.by_id(tx, found[0]) if found else None
        same = found is not None and account is not None and account.password_hash == found[1]
        if account is None or not same or not await employees.lock(tx, account):
            raise NotAuthenticated(CHOICE_EXPIRED)
        if browser:
            await known_places.remember(tx, company_id, account.employee_id, token_digest(browser), now)
        return await _insert_session(tx, company_id, account, now)


async def open_session(
    engine: AsyncEngine, company_id: UUID, account: Employee, now: datetime, *, browser: str = ""
) -> Ticket:
    """Starts a session for a person who has just proved their identity.

    NotAuthenticated: the account was deactivated or got another password since it was read.
    """
    async with company_scope(engine, company_id) as tx:
        if not await employees.lock(tx, account):
            raise NotAuthenticated(WRONG)
        if browser:
            await known_places.remember(tx, company_id, account.employee_id, token_digest(browser), now)
        return await _insert_session(tx, company_id, account, now)


async def _insert_session(tx: AsyncConnection, company_id: UUID, account: Employee, now: datetime) -> Ticket:
    ticket = Ticket(company_id, new_token())
    await enter_scope(tx, company_id)
    await workspace_sessions.insert(
        tx,
        company_id,
        token_digest=token_digest(ticket.token),
        employee_id=account.employee_id,
        csrf_token=new_token(),
        expires_at=now + LASTS,
    )
    return ticket


async def recognise(engine: AsyncEngine, ticket: Ticket, now: datetime) -> SignedIn:
    """The person who holds the ticket. NotAuthenticated: the session has ended."""
    async with company_scope(engine, ticket.company_id) as tx:
        person = await workspace_sessions.find(tx, token_digest(ticket.token), now)
    if person is None:
        raise NotAuthenticated("Please sign in")
    return person


async def sign_out(engine: AsyncEngine, ticket: Ticket) -> None:
    """Ends the session; one that has ended is no error."""
    async with company_scope(engine, ticket.company_id) as tx:
        await workspace_sessions.delete(tx, token_digest(ticket.token))


@dataclass(frozen=True, slots=True)
class CompanyToChoose:
    """One of the companies: the name of its workspace, and its first admin."""

    company_id: UUID
    workspace_name: str
    admin: Employee | None


async def show_choice(engine: AsyncEngine, company_ids: Sequence[UUID]) -> list[CompanyToChoose]:
    """The companies, in the given order."""
    shown = []
    async with engine.begin() as tx:
        for company_id in company_ids:
            await enter_scope(tx, company_id)
            settings = await company_settings.get(tx)
            shown.append(CompanyToChoose(company_id, settings.workspace_name, await employees.first_admin(tx)))
    return shown
