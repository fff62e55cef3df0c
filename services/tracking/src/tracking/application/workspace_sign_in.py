"""Signing in to the workspace by e-mail and password, without a company key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.passwords import verify_password
from credentials.tokens import new_token, token_digest
from servicekit.errors import NotAuthenticated
from tracking.application.guard_sign_in import NO_COMPANY, forgive, guarded, subjects
from tracking.store import employees, workspace_sessions
from tracking.store.employees import Employee
from tracking.store.scope import company_scope
from tracking.store.workspace_sessions import SignedIn

LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the cookie holds: the company says in whose rows to look, the token opens."""

    company_id: UUID
    token: str


async def sign_in(
    engine: AsyncEngine, dispatch: AsyncEngine, *, email: str, password: str, origin: str, now: datetime
) -> Ticket:
    """Opens a session in the company where e-mail and password belong together.

    `origin` is the address from which somebody tries. NotAuthenticated: they belong together nowhere. RateLimited: too
    many attempts.
    """
    attempt = subjects(email, origin)
    async with guarded(engine, NO_COMPANY, attempt):
        company_id, account = await _account(engine, dispatch, email, password)
    async with company_scope(engine, NO_COMPANY) as tx:
        await forgive(tx, attempt)
    return await open_session(engine, company_id, account, now)


async def open_session(engine: AsyncEngine, company_id: UUID, account: Employee, now: datetime) -> Ticket:
    """Opens a session for whoever has just shown to be that person.

    NotAuthenticated: the account was deactivated, or got another password, after it was read.
    """
    ticket = Ticket(company_id, new_token())
    async with company_scope(engine, company_id) as tx:
        if not await employees.hold(tx, account):
            raise NotAuthenticated("E-mail or password is wrong")
        await workspace_sessions.insert(
            tx,
            company_id,
            token_digest=token_digest(ticket.token),
            employee_id=account.employee_id,
            csrf_token=new_token(),
            expires_at=now + LASTS,
        )
    return ticket


async def _account(engine: AsyncEngine, dispatch: AsyncEngine, email: str, password: str) -> tuple[UUID, Employee]:
    companies = await employees.companies_of(dispatch, email)
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            account = await employees.by_email(tx, email)
        if account and account.active and await verify_password(account.password_hash, password):
            return company_id, account
    if not companies:
        await verify_password(None, password)  # an unknown e-mail takes as long as a wrong password
    raise NotAuthenticated("E-mail or password is wrong")


async def recognise(engine: AsyncEngine, ticket: Ticket, now: datetime) -> SignedIn:
    """Who holds the ticket. NotAuthenticated: it is over."""
    async with company_scope(engine, ticket.company_id) as tx:
        person = await workspace_sessions.find(tx, token_digest(ticket.token), now)
    if person is None:
        raise NotAuthenticated("Please sign in")
    return person


async def sign_out(engine: AsyncEngine, ticket: Ticket) -> None:
    """Ends the session."""
    async with company_scope(engine, ticket.company_id) as tx:
        await workspace_sessions.delete(tx, token_digest(ticket.token))
