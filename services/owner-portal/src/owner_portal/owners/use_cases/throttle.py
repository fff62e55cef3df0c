"""The sign-in throttle: the limits that an attempt counts against, and what a success clears.

docs/security.md says what is counted and why. An attempt is counted before anything is looked at, so guesses sent at
the same time are not free; one that is refused costs no hash and uses nothing of anybody's budget.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from credentials.hashing import HashingAdmission, Priority, QueuePlace, TooManySignIns
from credentials.throttle import BUDGETS, Count, CountKind, describe_wait, network_of, next_attempt_at, subject
from owner_portal.owners.rules.accounts import Caller, Owner
from owner_portal.owners.store import accounts, known_browsers
from owner_portal.owners.store.attempts import ATTEMPTS
from servicekit.errors import RateLimited, Unavailable
from sign_in_throttle import Subject
from text_rules.addresses import email_key

CROWDED = "Too many people are signing in at once. Try again in a moment."
hashing_admission = HashingAdmission()  # of this process


@dataclass(frozen=True, slots=True)
class Admitted:
    """A counted attempt, and its account if there is one."""

    owner: Owner | None
    queue_place: QueuePlace
    counted: Sequence[Subject]


def account_subject(email: str) -> bytes:
    """The throttle subject of an e-mail's account."""
    return subject(CountKind.ACCOUNT, email_key(email))


async def admit_sign_in(engine: AsyncEngine, email: str, caller: Caller) -> Admitted:
    """Counts an attempt at a password. RateLimited: too many from this address or at this account."""
    network = network_of(caller.address)
    try:
        known, counting, owner = await hashing_admission.run(
            caller.browser, account_subject(email), network, partial(_count_sign_in, engine, email, caller)
        )
    except TooManySignIns as crowded:
        raise Unavailable(CROWDED, retry_after=crowded.retry_after) from None
    if known and not counting.refused:
        hashing_admission.succeeded(caller.browser, account_subject(email))
    else:
        hashing_admission.refused(caller.browser, account_subject(email))
    if counting.refused:
        hashing_admission.failed(network)
    counting.check()
    priority = Priority.KNOWN if known else Priority.REST if counting.failed_before else Priority.FRESH
    return Admitted(owner, QueuePlace(priority, network), counting.counted)


async def _count_sign_in(engine: AsyncEngine, email: str, caller: Caller) -> "tuple[bool, _Counting, Owner | None]":
    own = account_subject(email)
    async with engine.begin() as tx:
        owner = await accounts.find_owner(tx, email_key(email))
        known = await known_browsers.is_known(tx, owner.owner_id if owner else UUID(int=0), caller.browser)
        counting = _Counting(tx)
        if known:
            await counting.count(Subject(CountKind.KNOWN, subject(CountKind.KNOWN, own, caller.browser), own))
        elif await counting.count(_address(caller)):
            network = network_of(caller.address)
            pair = Subject(CountKind.PAIR, subject(CountKind.PAIR, own, network), own)
            await counting.count(pair, Subject(CountKind.ACCOUNT, own, own))
    return known, counting, owner


async def admit_code(engine: AsyncEngine, owner: Owner, caller: Caller) -> Admitted:
    """Counts an attempt at a code, of this browser alone if it is known. RateLimited: too many."""
    own = account_subject(owner.email)
    async with engine.begin() as tx:
        known = await known_browsers.is_known(tx, owner.owner_id, caller.browser)
        counting = _Counting(tx)
        if known or await counting.count(_address(caller)):
            place = caller.browser if known else b""
            await counting.count(Subject(CountKind.CODE, subject(CountKind.CODE, own, place), own))
    counting.check()
    return Admitted(owner, QueuePlace(), counting.counted)


async def admit_proof(engine: AsyncEngine, email: str, session_id: UUID) -> Admitted:
    """Counts a step-up attempt of a signed-in owner, separately from sign-ins. RateLimited: too many."""
    own = account_subject(email)
    async with engine.begin() as tx:
        counting = _Counting(tx)
        await counting.count(Subject(CountKind.PROOF, subject(CountKind.PROOF, own, session_id.bytes), own))
    counting.check()
    return Admitted(None, QueuePlace(), counting.counted)


async def succeed(tx: AsyncConnection, admitted: Admitted) -> None:
    """Clears the attempts of this browser and address at the account; other limits only get this attempt back.

    Call it before the account is locked, in the same order in all use cases.
    """
    kept = (CountKind.ADDRESS, CountKind.ACCOUNT)
    await _settle(
        tx,
        gives_back=[counted for counted in admitted.counted if counted.kind in kept],
        forgets=[counted for counted in admitted.counted if counted.kind not in kept],
    )


async def take_back(engine: AsyncEngine, admitted: Admitted, retry_after: float) -> Unavailable:
    """Takes an attempt back that was not made because of concurrent sign-ins. Returns the error to raise."""
    async with engine.begin() as tx:
        await _settle(tx, gives_back=admitted.counted, forgets=[])
    return Unavailable(CROWDED, retry_after=retry_after)


async def _settle(tx: AsyncConnection, *, gives_back: Sequence[Subject], forgets: Sequence[Subject]) -> None:
    """Locks addresses first, in the order in which attempts are counted, which prevents deadlocks."""
    for of_address in (True, False):
        given, forgotten = (
            [counted.subject for counted in some if (counted.kind is CountKind.ADDRESS) is of_address]
            for some in (gives_back, forgets)
        )
        if given or forgotten:
            await ATTEMPTS.settle(tx, gives_back=given, forgets=forgotten)


def _address(caller: Caller) -> Subject:
    return Subject(CountKind.ADDRESS, subject(CountKind.ADDRESS, network_of(caller.address)))


class _Counting:
    def __init__(self, tx: AsyncConnection) -> None:
        self._tx = tx
        self.counted: list[Subject] = []
        self.failed_before = False
        self.refused: list[datetime] = []

    async def count(self, *attempt: Subject) -> bool:
        """Whether all limits admit the attempt; if one refuses, the others are not charged."""
        counts = await ATTEMPTS.count(self._tx, attempt)
        admitted = [counted for counted in attempt if counts[counted.subject].admitted]
        self.failed_before |= any(count.used > 1 for count in counts.values())
        if len(admitted) == len(attempt):
            self.counted += admitted
            return True
        self.refused += [
            _open_again(counted, counts[counted.subject]) for counted in attempt if counted not in admitted
        ]
        await ATTEMPTS.settle(self._tx, gives_back=[counted.subject for counted in admitted], forgets=[])
        return False

    def check(self) -> None:
        """RateLimited if a limit refused; call it after the commit, so that the refusal is stored."""
        if self.refused:
            seconds = max(1.0, (max(self.refused) - datetime.now(UTC)).total_seconds())
            raise RateLimited(f"Too many attempts. Try again in {describe_wait(seconds)}.", retry_after=seconds)


def _open_again(counted: Subject, count: Count) -> datetime:
    return next_attempt_at(count, BUDGETS[counted.kind])
