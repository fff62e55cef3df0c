"""What the operator sees of restrained sign-ins, and lifts."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import Kind, network_of, subject
from tracking.db.store.scope import company_scope
from tracking.people.store import employees
from tracking.sign_in.store import sign_in_attempts
from tracking.sign_in.store.sign_in_attempts import NO_COMPANY
from tracking.sign_in.use_cases.guard_sign_in import account_subject


async def list_restrained(engine: AsyncEngine, dispatch: AsyncEngine) -> AsyncIterator[str]:
    """A line for each account that admits no attempt from unknown places now, and one that counts the networks.

    Only digests are kept: networks and e-mails without an account cannot be named.
    """
    for company_id in await employees.companies(dispatch):
        async with company_scope(engine, company_id) as tx:
            found = {
                digest: refused for digest, kind, refused in await sign_in_attempts.used_up(tx) if kind == Kind.ACCOUNT
            }
            people = await employees.everyone(tx) if found else []
        for person in people:
            digest = account_subject(company_id, person.email)
            if digest in found:
                yield f"{company_id}: {person.email}, {found[digest]} attempts refused"
    async with company_scope(engine, NO_COMPANY) as tx:
        networks = [kind for _, kind, _ in await sign_in_attempts.used_up(tx) if kind == Kind.ADDRESS]
    yield f"{len(networks)} networks may not sign in now"


async def lift(engine: AsyncEngine, dispatch: AsyncEngine, whom: str) -> None:
    """Forgives what is counted against an e-mail, in every company, or against an address."""
    if "@" not in whom:
        async with company_scope(engine, NO_COMPANY) as tx:
            await sign_in_attempts.lift(tx, subject(Kind.ADDRESS, network_of(whom)))
        return
    companies: list[UUID] = [NO_COMPANY, *await employees.companies_of(dispatch, whom)]
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            await sign_in_attempts.lift(tx, account_subject(company_id, whom))
