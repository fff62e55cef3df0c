"""The sign-in throttle: whether a password may be compared, what the attempt counts against, what a success resets.

docs/security.md explains what is counted and why. An attempt is counted before the password is compared, so that
concurrent guesses are counted. A refused attempt computes no hash and uses no budget.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.hashing import HashingAdmission, Priority, QueuePlace, TooManySignIns
from credentials.passwords import salt_for
from credentials.throttle import BUDGETS, WINDOW, Count, CountKind, describe_wait, network_of, next_attempt_at, subject
from servicekit.errors import RateLimited, Unavailable
from tracking.db.store.scope import company_scope, enter_scope
from tracking.people import store as employees
from tracking.people.store import Candidate, Employee, email_digest
from tracking.sign_in.store import sign_in_attempts
from tracking.sign_in.store.sign_in_attempts import ATTEMPTS, NO_COMPANY, CompanySubject

SWEEP_EVERY = 600.0  # seconds
TOO_MANY_SIGN_INS = "Too many people are signing in at once. Try again in a moment."
_next_sweep = 0.0
hashing_admission = HashingAdmission()  # in this process


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a sign-in. `browser`: digest of the token in its cookie; None for a desktop, identified by its
    address.
    """

    address: str
    browser: bytes | None = None

    def digest(self, email: str) -> bytes:
        """The digest that an account stores of it."""
        if self.browser is not None:
            return self.browser
        return subject(CountKind.KNOWN, "address", network_of(self.address), email_digest(email))


@dataclass(frozen=True, slots=True)
class AdmittedAttempt:
    """An attempt that was counted. `candidates`: the accounts that it may open; those that have had the e-mail longest
    come first.
    """

    candidates: Sequence[Candidate]
    queue_place: QueuePlace
    salt: bytes  # of new hashes for this e-mail
    counted: Sequence[CompanySubject]
    place: bytes


@dataclass(frozen=True, slots=True)
class _Account:
    """One account that attempts count against, existing or not."""

    company_id: UUID
    subject: bytes
    candidate: Candidate | None

    @property
    def known(self) -> bool:
        return self.candidate is not None and self.candidate.known


def account_subject(company_id: UUID, email: str) -> bytes:
    """The subject of attempts at a company's account of this e-mail, whether it exists or not."""
    return subject(CountKind.ACCOUNT, company_id.bytes, email_digest(email))


async def admit(engine: AsyncEngine, email: str, place: Place, company_id: UUID | None = None) -> AdmittedAttempt:
    """Counts an attempt at the e-mail's accounts, in one company or in all.

    RateLimited: too many attempts at each of them. Across companies the wait is the same, whatever was refused.
    """
    network, digest, account = network_of(place.address), place.digest(email), email_digest(email)
    counting = partial(_count, engine, email, network, digest, company_id)
    try:
        attempt, salt = await hashing_admission.run(digest, account, network, counting)
    except TooManySignIns as crowded:
        raise Unavailable(TOO_MANY_SIGN_INS, retry_after=crowded.retry_after) from None
    if attempt.priority is Priority.KNOWN:
        hashing_admission.succeeded(digest, account)
    else:
        hashing_admission.refused(digest, account)
    if not attempt.admitted:
        hashing_admission.failed(network)
        if (
            company_id is None
        ):  # the earliest of several waits would reveal that the e-mail has accounts in several companies
            raise too_many(WINDOW.total_seconds())
        raise too_many((attempt.open_again - datetime.now(UTC)).total_seconds())
    return AdmittedAttempt(
        [account.candidate for account in attempt.admitted if account.candidate],
        QueuePlace(attempt.priority, network),
        salt,
        attempt.counted,
        digest,
    )


async def _count(
    engine: AsyncEngine, email: str, network: str, place: bytes, company_id: UUID | None
) -> "tuple[_Attempt, bytes]":
    await _sweep(engine)
    async with company_scope(engine, company_id or NO_COMPANY) as tx:
        salt = salt_for(await employees.salt_key(tx), email_digest(email))
        candidates = await employees.to_sign_in(tx, email, place=place, company_id=company_id)
        accounts = [_Account(c.company_id, account_subject(c.company_id, email), c) for c in candidates]
        if not accounts:
            nobody = company_id or NO_COMPANY
            accounts = [_Account(nobody, account_subject(nobody, email), None)]
        attempt = _Attempt(network, place)
        await attempt.count(tx, accounts)
    return attempt, salt


class _Attempt:
    """Counts one attempt in the order of the rules: networks and known places first, then accounts."""

    def __init__(self, network: str, place: bytes) -> None:
        self._network = network
        self._place = place
        self._counts: dict[bytes, Count] = {}
        self._failed_before = False
        self.counted: list[CompanySubject] = []
        self.admitted: list[_Account] = []
        self.open_again = datetime.max.replace(tzinfo=UTC)

    @property
    def priority(self) -> Priority:
        """The priority class in the hashing queue."""
        if any(account.known for account in self.admitted):
            return Priority.KNOWN
        return Priority.REST if self._failed_before else Priority.FRESH

    async def count(self, tx: AsyncConnection, accounts: Sequence[_Account]) -> None:
        known = [account for account in accounts if account.known]
        unknown = [account for account in accounts if not account.known]
        first = [self._of(CountKind.KNOWN, account, self._place) for account in known]
        address = CompanySubject(CountKind.ADDRESS, subject(CountKind.ADDRESS, self._network))
        await self._count(tx, [*first, address] if unknown else first)
        for account, counted in zip(known, first, strict=True):
            if self._admits(counted):
                self.admitted.append(account)
        if not unknown or not self._admits(address):
            return
        pairs = [self._of(CountKind.PAIR, account, self._network) for account in unknown]
        whole = [CompanySubject(CountKind.ACCOUNT, a.subject, a.subject, a.company_id) for a in unknown]
        await self._count(tx, [*pairs, *whole])
        for account, pair, all_of_it in zip(unknown, pairs, whole, strict=True):
            both = [self._admits(pair), self._admits(all_of_it)]
            if all(both):
                self.admitted.append(account)
            elif any(both):  # the other subject refused, so the attempt does not count against this one
                await self._take_back(tx, pair if both[0] else all_of_it)

    def _of(self, kind: CountKind, account: _Account, what: bytes | str) -> CompanySubject:
        return CompanySubject(kind, subject(kind, account.subject, what), account.subject, account.company_id)

    async def _count(self, tx: AsyncConnection, attempt: Sequence[CompanySubject]) -> None:
        self._counts |= await sign_in_attempts.count(tx, attempt)
        self.counted += [counted for counted in attempt if self._counts[counted.subject].admitted]
        self._failed_before |= any(self._counts[counted.subject].used > 1 for counted in attempt)

    def _admits(self, counted: CompanySubject) -> bool:
        count = self._counts[counted.subject]
        if not count.admitted:
            self.open_again = min(self.open_again, next_attempt_at(count, BUDGETS[counted.kind]))
        return count.admitted

    async def _take_back(self, tx: AsyncConnection, counted: CompanySubject) -> None:
        self.counted.remove(counted)
        await enter_scope(tx, counted.company_id)
        await ATTEMPTS.give_back(tx, [counted.subject])


async def withdraw_attempt(engine: AsyncEngine, admitted: AdmittedAttempt) -> None:
    """Subtracts an attempt that was not made."""
    async with engine.begin() as tx:
        await _settle(tx, gives_back=admitted.counted, forgets=[])


async def succeed(tx: AsyncConnection, admitted: AdmittedAttempt, opened: Collection[tuple[UUID, Employee]]) -> None:
    """Settles a successful attempt for these accounts, each with its company. Called once for each attempt.

    The network gets this attempt back and no others, and so does the count of unknown places: the password says nothing
    about other guesses or other accounts. This happens before the accounts are locked, in the same order as a change of
    password. The transaction ends in the scope of any of the companies.
    """
    own = {account_subject(company_id, employee.email) for company_id, employee in opened}
    of_accounts = [counted for counted in admitted.counted if counted.account in own]
    await _settle(
        tx,
        gives_back=[
            *(counted for counted in admitted.counted if counted.kind is CountKind.ADDRESS),
            *(counted for counted in of_accounts if counted.kind is CountKind.ACCOUNT),
        ],
        forgets=[counted for counted in of_accounts if counted.kind is not CountKind.ACCOUNT],
    )


async def _settle(
    tx: AsyncConnection, *, gives_back: Sequence[CompanySubject], forgets: Sequence[CompanySubject]
) -> None:
    """In the order in which attempts are counted, across companies, so that transactions cannot deadlock."""
    for counted in sorted([*gives_back, *forgets], key=_order):
        await enter_scope(tx, counted.company_id)
        if counted in forgets:
            await ATTEMPTS.settle(tx, gives_back=[], forgets=[counted.subject])
        else:
            await ATTEMPTS.give_back(tx, [counted.subject])


async def admit_confirmation(
    engine: AsyncEngine, company_id: UUID, account: Employee, session: bytes
) -> CompanySubject:
    """Counts a confirmation of one's own password, separately from sign-in attempts. RateLimited: too many."""
    own = account_subject(company_id, account.email)
    counted = CompanySubject(CountKind.PROOF, subject(CountKind.PROOF, own, session), own, company_id)
    async with company_scope(engine, company_id) as tx:
        count = (await sign_in_attempts.count(tx, [counted]))[counted.subject]
    if not count.admitted:
        raise too_many((next_attempt_at(count, BUDGETS[CountKind.PROOF]) - datetime.now(UTC)).total_seconds())
    return counted


def too_many(seconds: float) -> RateLimited:
    """The refusal after too many attempts."""
    wait = describe_wait(seconds)
    return RateLimited(f"Too many attempts to sign in. Try again in {wait}.", retry_after=max(1.0, seconds))


def _order(counted: CompanySubject) -> tuple[bool, bytes]:
    return counted.kind not in (CountKind.ADDRESS, CountKind.KNOWN), counted.subject


async def _sweep(engine: AsyncEngine) -> None:
    """A transaction of its own: a sign-in must not lock the rows of others."""
    global _next_sweep  # noqa: PLW0603 - of this process
    if time.monotonic() >= _next_sweep:
        _next_sweep = time.monotonic() + SWEEP_EVERY
        async with company_scope(engine, NO_COMPANY) as tx:
            await ATTEMPTS.sweep(tx)
