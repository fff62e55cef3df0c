"""How often a password or a code was tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNT = text("""
    INSERT INTO sign_in_attempt AS a (subject, attempts, since)
    SELECT subject, 1, now() FROM unnest(CAST(:subjects AS text[])) AS given (subject) ORDER BY subject
    ON CONFLICT (subject) DO UPDATE
    SET attempts = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN 1 ELSE a.attempts + 1 END,
        since = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN now() ELSE a.since END
    RETURNING subject, attempts, since
""")

_FORGIVE = text("UPDATE sign_in_attempt SET attempts = attempts - 1 WHERE subject = :subject AND attempts > 0")

_FORGET = text("DELETE FROM sign_in_attempt WHERE subject = :subject")

_SWEEP = text("DELETE FROM sign_in_attempt WHERE since <= now() - CAST(:window AS interval)")


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often something was tried since the window opened, this time included."""

    count: int
    since: datetime


async def count(tx: AsyncConnection, subjects: list[str], *, window: timedelta) -> Mapping[str, Attempts]:
    """Counts one attempt for each subject; returns how many each has within its window."""
    rows = await tx.execute(_COUNT, {"subjects": subjects, "window": window})
    return {row.subject: Attempts(row.attempts, row.since) for row in rows}


async def forgive(tx: AsyncConnection, subject: str) -> None:
    """Takes one attempt back."""
    await tx.execute(_FORGIVE, {"subject": subject})


async def forget(tx: AsyncConnection, subject: str) -> None:
    """Starts a subject anew."""
    await tx.execute(_FORGET, {"subject": subject})


async def sweep(tx: AsyncConnection, *, window: timedelta) -> None:
    """Deletes attempts whose window is over."""
    await tx.execute(_SWEEP, {"window": window})
