"""Signing in to the workspace by e-mail and password, without a company key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotAuthenticated
from servicekit.passwords import new_token, token_digest, verify_password
from tracking.store import employees, workspace_sessions
from tracking.store.scope import company_scope
from tracking.store.workspace_sessions import SignedIn

LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the cookie holds: the company says in whose rows to look, the token opens."""

    company_id: UUID
    token: str


async def sign_in(engine: AsyncEngine, dispatch: AsyncEngine, *, email: str, password: str, now: datetime) -> Ticket:
    """Opens a session in the company where e-mail and password belong together. NotAuthenticated: in none."""
    tried = False
    for company_id in await employees.companies_of(dispatch, email):
        async with company_scope(engine, company_id) as tx:
            account = await employees.by_email(tx, email)
        tried = True
        if account and account.active and await verify_password(account.password_hash, password):
            ticket = Ticket(company_id, new_token())
            async with company_scope(engine, company_id) as tx:
                await workspace_sessions.insert(
                    tx,
                    company_id,
                    token_digest=token_digest(ticket.token),
                    employee_id=account.employee_id,
                    csrf_token=new_token(),
                    expires_at=now + LASTS,
                )
            return ticket
    if not tried:
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
