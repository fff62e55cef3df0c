"""Slows down whoever guesses passwords, and keeps a crowd at the door from taking the whole machine."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import RateLimited, Unavailable
from tracking.store import sign_in_attempts
from tracking.store.employees import email_digest
from tracking.store.scope import company_scope

WINDOW = timedelta(minutes=15)
ATTEMPTS_FROM_ONE_PLACE = 10
ATTEMPTS = 50  # on one account, from anywhere: a stranger who fails ten times does not lock its owner out elsewhere
LONGEST_LINE = 40  # sign-ins that wait for a hash: two seconds' worth
NO_COMPANY = UUID(int=0)  # in the workspace it is not known before the password fits

_line: set[object] = set()  # of this process, as are the threads that hash


def subjects(email: str, origin: str) -> list[bytes]:
    """What attempts are counted by: the account from that place, and the account."""
    account = email_digest(email)
    return [sha256(account + origin.encode("utf-8", "replace")).digest(), account]


@asynccontextmanager
async def guarded(engine: AsyncEngine, company_id: UUID, attempt: Sequence[bytes]) -> AsyncIterator[None]:
    """Within it a password may be looked at. RateLimited: too many attempts. Unavailable: too many people at once.

    Counted before the password is looked at: guesses sent at the same time are not free.
    """
    if len(_line) >= LONGEST_LINE:
        raise Unavailable("too many people sign in at once; try again in a moment", retry_after=2)
    place = object()
    _line.add(place)
    try:
        async with company_scope(engine, company_id) as tx:
            counted = await sign_in_attempts.count(tx, company_id, attempt, window=WINDOW)
        for subject, limit in zip(attempt, (ATTEMPTS_FROM_ONE_PLACE, ATTEMPTS), strict=True):
            if counted[subject].count > limit:
                wait = counted[subject].since + WINDOW - datetime.now(UTC)
                raise RateLimited(
                    "Too many attempts to sign in; wait a quarter of an hour and try again",
                    retry_after=max(1.0, wait.total_seconds()),
                )
        yield
    finally:
        _line.discard(place)


async def forgive(tx: AsyncConnection, attempt: Sequence[bytes]) -> None:
    """Forgets the attempts: the password was right."""
    await sign_in_attempts.forget(tx, attempt)
