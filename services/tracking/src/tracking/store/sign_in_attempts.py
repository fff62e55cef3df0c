"""How often something was tried by whoever signs in, within a window that opens with the first attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# What somebody else is just counting or sweeping is left to them.
_SWEEP = text("""
    DELETE FROM sign_in_attempt WHERE subject IN (
        SELECT subject FROM sign_in_attempt WHERE since <= now() - CAST(:window AS interval) FOR UPDATE SKIP LOCKED
    )
""")

_COUNT = text("""
    INSERT INTO sign_in_attempt AS a (company_id, subject, attempts, since)
    SELECT :company_id, subject, 1, now() FROM unnest(CAST(:subjects AS bytea[])) AS given (subject) ORDER BY subject
    ON CONFLICT (company_id, subject) DO UPDATE
    SET attempts = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN 1 ELSE a.attempts + 1 END,
        since = CASE WHEN a.since <= now() - CAST(:window AS interval) THEN now() ELSE a.since END
    RETURNING subject, attempts, since
""")

_FORGET = text("DELETE FROM sign_in_attempt WHERE subject = ANY(:subjects)")


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many there were `since` the first, this one included."""

    count: int
    since: datetime


async def count(
    tx: AsyncConnection, company_id: UUID, subjects: Sequence[bytes], *, window: timedelta
) -> Mapping[bytes, Attempts]:
    """Counts one attempt for each subject of the scope; those whose window is over begin anew."""
    await tx.execute(_SWEEP, {"window": window})
    rows = await tx.execute(_COUNT, {"company_id": company_id, "subjects": list(subjects), "window": window})
    return {bytes(subject): Attempts(attempts, since) for subject, attempts, since in rows}


async def forget(tx: AsyncConnection, subjects: Sequence[bytes]) -> None:
    """Starts again from nothing for those subjects of the scope."""
    await tx.execute(_FORGET, {"subjects": list(subjects)})
