"""Blocked sign-ins, as admins and operators see and unblock them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, CountKind, network_of, subject
from servicekit.errors import NotFound
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.people.store import Employee
from tracking.sign_in.store.sign_in_attempts import ATTEMPTS, NO_COMPANY
from tracking.sign_in.use_cases.throttle import account_subject


@dataclass(frozen=True, slots=True)
class FailedSignIns:
    """Failed sign-in attempts at an account from unknown places in the last day."""

    failed: int
    refused: int
    locked: bool  # whether unknown places are blocked at present


async def show_failed_sign_ins(engine: AsyncEngine, company_id: UUID, person: Employee) -> FailedSignIns:
    """The attempts at a person's account."""
    async with company_scope(engine, company_id) as tx:
        count = await ATTEMPTS.read(tx, account_subject(company_id, person.email))
    if count is None:
        return FailedSignIns(0, 0, locked=False)
    budget = BUDGETS[CountKind.ACCOUNT]
    return FailedSignIns(count.day_used, count.refused, locked=count.is_used_up(budget, datetime.now(UTC)))


async def unlock(engine: AsyncEngine, company_id: UUID, number: int) -> None:
    """Resets the attempts at the account of the person with that number. NotFound: no such person."""
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_number(tx, number)
        if person is None:
            raise NotFound("There is no such person in the company")
        await ATTEMPTS.lift(tx, account_subject(company_id, person.email))


async def list_blocked(engine: AsyncEngine, dispatch: AsyncEngine) -> AsyncIterator[str]:
    """One line for each account that blocks unknown places at present, and one with the number of blocked networks.

    Only digests are stored, so networks and e-mails without an account cannot be named.
    """
    for company_id in await employees.companies(dispatch):
        async with company_scope(engine, company_id) as tx:
            found = await ATTEMPTS.used_up(tx, CountKind.ACCOUNT)
            people = await employees.everyone(tx) if found else []
        for person in people:
            digest = account_subject(company_id, person.email)
            if digest in found:
                yield f"{company_id}: {person.email}, {found[digest]} attempts refused"
    async with company_scope(engine, NO_COMPANY) as tx:
        networks = await ATTEMPTS.count_used_up(tx, CountKind.ADDRESS)
    yield f"{networks} networks may not sign in now"


async def lift(engine: AsyncEngine, dispatch: AsyncEngine, whom: str) -> None:
    """Resets the counts of an e-mail in every company, or of an address."""
    if "@" not in whom:
        async with company_scope(engine, NO_COMPANY) as tx:
            await ATTEMPTS.lift(tx, subject(CountKind.ADDRESS, network_of(whom)))
        return
    companies: list[UUID] = [NO_COMPANY, *await employees.companies_of(dispatch, whom)]
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            await ATTEMPTS.lift(tx, account_subject(company_id, whom))
