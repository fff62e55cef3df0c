"""Slows down whoever guesses, by account and by address."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain.owners import ATTEMPT_WINDOW
from owner_portal.store import attempts
from servicekit.errors import RateLimited


async def admit(engine: AsyncEngine, limits: Mapping[str, int]) -> None:
    """Counts an attempt for each subject; RateLimited when one has had more than its limit within the window.

    Called before anything is looked at, in a transaction of its own: guesses sent at the same time are not free, and
    a refused one counts.
    """
    async with engine.begin() as tx:
        counted = await attempts.count(tx, list(limits), window=ATTEMPT_WINDOW)
    for subject, limit in limits.items():
        if counted[subject].count > limit:
            wait = counted[subject].since + ATTEMPT_WINDOW - datetime.now(UTC)
            raise RateLimited(
                "Too many attempts. Wait a quarter of an hour and try again.",
                retry_after=max(wait.total_seconds(), 1),
            )
