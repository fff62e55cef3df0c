"""Compares a password with the accounts of an e-mail, with one hash for each attempt, whatever is found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.hashing import TooManySignIns
from credentials.passwords import hash_password, is_current, matching_hashes
from servicekit.errors import Unavailable
from tracking.db.store.scope import enter_scope
from tracking.people import store as employees
from tracking.people.store import Candidate, Employee, email_digest
from tracking.sign_in.store import known_places
from tracking.sign_in.use_cases.throttle import (
    TOO_MANY_SIGN_INS,
    AdmittedAttempt,
    Place,
    admit,
    hashing_admission,
    succeed,
    withdraw_attempt,
)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account whose password matched. `better`: a hash to replace the account's, if that one is outdated."""

    company_id: UUID
    employee: Employee
    better: str | None
    admitted: AdmittedAttempt

    async def lock(self, tx: AsyncConnection, *, now: datetime, place: bytes | None) -> Employee | None:
        """The account, locked until the transaction ends, with its attempts settled; None if it changed meanwhile.

        Records `place` as known, if it is given. The transaction ends in the company's scope.
        """
        held = await lock_all(tx, [self])
        if held and place is not None:
            hashing_admission.succeeded(place, email_digest(self.employee.email))
            await known_places.remember(tx, self.company_id, self.employee.employee_id, place, now)
        return held[0][1] if held else None

    async def _hold(self, tx: AsyncConnection) -> Employee | None:
        await enter_scope(tx, self.company_id)
        if self.better is None:
            return self.employee if await employees.lock(tx, self.employee) else None
        if not await employees.upgrade(tx, self.employee, self.better):
            return None
        return replace(self.employee, password_hash=self.better)


async def lock_all(tx: AsyncConnection, opened: Sequence[OpenedAccount]) -> list[tuple[UUID, Employee]]:
    """The accounts opened by one attempt, with their companies, locked until the transaction ends.

    Accounts that changed meanwhile are left out. Attempts are settled first, then accounts are locked in the order of
    their companies. The transaction ends in the scope of the last company.
    """
    await succeed(tx, opened[0].admitted, [(one.company_id, one.employee) for one in opened])
    held = [(one.company_id, await one._hold(tx)) for one in sorted(opened, key=lambda one: one.company_id)]
    return [(company_id, account) for company_id, account in held if account is not None]


async def open_accounts(
    engine: AsyncEngine, email: str, password: str, place: Place, company_id: UUID | None = None
) -> Sequence[OpenedAccount]:
    """The accounts, in one company or in all, that e-mail and password open, including deactivated ones.

    If several hashes would have to be computed, the account known at this place is compared, otherwise the active one
    that has had the e-mail longest, and those that share its salt. RateLimited: too many attempts. Unavailable: too
    many concurrent sign-ins.
    """
    admitted = await admit(engine, email, place, company_id)
    ordered = sorted(admitted.candidates, key=_rank)
    try:
        found = await matching_hashes(
            [candidate.employee.password_hash for candidate in ordered],
            password,
            admitted.queue_place,
            salt=admitted.salt,
        )
        right = [candidate for candidate in ordered if candidate.employee.password_hash in found]
        # All have the same hash parameters and salt, so one new hash replaces them all.
        better = None
        if right and not is_current(right[0].employee.password_hash, admitted.salt):
            better = await hash_password(password, admitted.salt, admitted.queue_place)
    except TooManySignIns as crowded:
        await withdraw_attempt(engine, admitted)
        raise Unavailable(TOO_MANY_SIGN_INS, retry_after=crowded.retry_after) from None
    except ValueError:  # a password from before preparation that cannot be prepared is compared as typed
        better = None
    if not right:
        hashing_admission.failed(admitted.queue_place.address)
    return [OpenedAccount(candidate.company_id, candidate.employee, better, admitted) for candidate in right]


def _rank(candidate: Candidate) -> tuple[bool, bool]:
    """Within a rank the account that has had the e-mail longest comes first: one that an admin creates, gives this
    e-mail, or sets a password for must not come before the person's own.
    """
    return not candidate.employee.active, not candidate.known
