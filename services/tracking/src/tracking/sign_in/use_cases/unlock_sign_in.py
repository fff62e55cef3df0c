"""An admin sees that an account is being guessed at, and lets its person sign in again at once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.throttle import BUDGETS, Kind
from servicekit.errors import NotFound
from tracking.db.store.scope import company_scope
from tracking.people.store import employees
from tracking.people.store.employees import Employee
from tracking.sign_in.store import sign_in_attempts
from tracking.sign_in.use_cases.guard_sign_in import account_subject


@dataclass(frozen=True, slots=True)
class Guesses:
    """Failed attempts to sign in to an account from unknown places in the last day."""

    failed: int
    refused: int
    locked: bool  # from unknown places, for now


async def show_guesses(engine: AsyncEngine, company_id: UUID, person: Employee) -> Guesses:
    """What is counted against a person's account."""
    async with company_scope(engine, company_id) as tx:
        count = await sign_in_attempts.read(tx, account_subject(company_id, person.email))
    if count is None:
        return Guesses(0, 0, locked=False)
    budget = BUDGETS[Kind.ACCOUNT]
    return Guesses(count.day_used, count.refused, locked=count.is_used_up(budget, datetime.now(UTC)))


async def unlock(engine: AsyncEngine, company_id: UUID, number: int) -> None:
    """Forgives whatever is counted against the account of the person with that number. NotFound: no such person."""
    async with company_scope(engine, company_id) as tx:
        person = await employees.by_number(tx, number)
        if person is None:
            raise NotFound("There is no such person in the company")
        await sign_in_attempts.lift(tx, account_subject(company_id, person.email))
