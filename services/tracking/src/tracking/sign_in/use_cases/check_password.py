"""Compares a password with the accounts of an e-mail: one hash an attempt, whatever is found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.hashing import Crowded
from credentials.passwords import hash_password, is_current, matching
from servicekit.errors import Unavailable
from tracking.db.store.scope import enter_scope
from tracking.people import store as employees
from tracking.people.store import Candidate, Employee, email_digest
from tracking.sign_in.store import known_places
from tracking.sign_in.use_cases.guard_sign_in import CROWDED, Admitted, Place, admit, lobby, succeed, take_back


@dataclass(frozen=True, slots=True)
class Opened:
    """An account whose password was right. `better`: the hash that replaces the account's, if it is not up to date."""

    company_id: UUID
    employee: Employee
    better: str | None
    admitted: Admitted

    async def hold(self, tx: AsyncConnection, *, now: datetime, place: bytes | None) -> Employee | None:
        """The account as it may be used until the transaction ends, its attempts forgiven; None: it changed meanwhile.

        Remembers the `place` if it is one. Ends in the company's scope.
        """
        held = await hold_all(tx, [self])
        if held and place is not None:
            lobby.succeeded(place, email_digest(self.employee.email))
            await known_places.remember(tx, self.company_id, self.employee.employee_id, place, now)
        return held[0][1] if held else None

    async def _hold(self, tx: AsyncConnection) -> Employee | None:
        await enter_scope(tx, self.company_id)
        if self.better is None:
            return self.employee if await employees.hold(tx, self.employee) else None
        if not await employees.upgrade(tx, self.employee, self.better):
            return None
        return replace(self.employee, password_hash=self.better)


async def hold_all(tx: AsyncConnection, opened: Sequence[Opened]) -> list[tuple[UUID, Employee]]:
    """The accounts that one attempt opened, with their companies, as they may be used until the transaction ends.

    Those that changed meanwhile are left out. The attempt's counts are settled first, then the accounts are held in the
    order of their companies. Ends in the scope of the last company.
    """
    await succeed(tx, opened[0].admitted, [(one.company_id, one.employee) for one in opened])
    held = [(one.company_id, await one._hold(tx)) for one in sorted(opened, key=lambda one: one.company_id)]
    return [(company_id, account) for company_id, account in held if account is not None]


async def open_accounts(
    engine: AsyncEngine, email: str, password: str, place: Place, company_id: UUID | None = None
) -> Sequence[Opened]:
    """The accounts, of one company or of all, that e-mail and password open; deactivated ones are among them.

    Where several hashes would have to be computed, the known account is compared, else the active one that got the
    e-mail first, and those that share its salt. RateLimited: too many attempts. Unavailable: too many people at once.
    """
    admitted = await admit(engine, email, place, company_id)
    ordered = sorted(admitted.candidates, key=_rank)
    try:
        found = await matching(
            [candidate.employee.password_hash for candidate in ordered], password, admitted.turn, salt=admitted.salt
        )
        right = [candidate for candidate in ordered if candidate.employee.password_hash in found]
        # All of them have the same hash parameters and salt: one better hash replaces them all.
        better = None
        if right and not is_current(right[0].employee.password_hash, admitted.salt):
            better = await hash_password(password, admitted.salt, admitted.turn)
    except Crowded as crowded:
        await take_back(engine, admitted)
        raise Unavailable(CROWDED, retry_after=crowded.retry_after) from None
    except ValueError:  # a password of before that cannot be prepared: it stays as it was typed
        better = None
    if not right:
        lobby.failed(admitted.turn.address)
    return [Opened(candidate.company_id, candidate.employee, better, admitted) for candidate in right]


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    """Within a rank the account that got the e-mail first stays first, however its hash was made: one that an admin
    makes, or gives this e-mail, or sets a password for, must not come before the person's own.
    """
    return not candidate.employee.active, not candidate.known
