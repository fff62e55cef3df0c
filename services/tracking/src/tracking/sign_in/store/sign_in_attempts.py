"""Counts of sign-in attempts, for the sign-in throttle. The rules are those of `credentials.throttle.step`, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.throttle import BUDGETS, Count, Kind

NO_COMPANY = UUID(int=0)  # for networks, and for accounts that do not exist

_COUNT = text("""
    SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted
    FROM sign_in.count(:companies, :subjects, :accounts, :kinds, :most, :day_most)
""")

_SWEEP = text("SELECT sign_in.sweep()")

_GIVE_BACK = text("""
    UPDATE sign_in_attempt SET used = greatest(used - 1, 0), day_used = greatest(day_used - 1, 0)
    WHERE subject = ANY(:subjects)
""")

# In the order in which attempts are counted, so that the two cannot deadlock.
_LOCK = text("SELECT 1 FROM sign_in_attempt WHERE subject = ANY(:subjects) ORDER BY subject FOR UPDATE")

_FORGET = text("DELETE FROM sign_in_attempt WHERE subject = ANY(:subjects)")

_LIFT = text("""
    DELETE FROM sign_in_attempt WHERE subject IN (
        SELECT subject FROM sign_in_attempt WHERE account = :account OR subject = :account ORDER BY subject FOR UPDATE
    )
""")

_READ = text("""
    SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted FROM sign_in_attempt
    WHERE subject = :subject AND day_ends_at > now()
""")

_USED_UP = text("""
    SELECT subject, kind, refused FROM sign_in_attempt
    WHERE day_ends_at > now() AND (day_used >= day_most OR ends_at > now() AND used >= most) ORDER BY kind, subject
""")


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject that an attempt counts against; `account`: the account's own subject, None for a network."""

    company_id: UUID
    kind: Kind
    subject: bytes
    account: bytes | None = None


def _count(row: Row[Any]) -> Count:
    return Count(row.used, row.ends_at, row.day_used, row.day_ends_at, row.refused, row.admitted)


async def count(tx: AsyncConnection, attempt: Sequence[Subject]) -> Mapping[bytes, Count]:
    """Counts one attempt for each subject; a subject over its budget reports that it did not admit the attempt."""
    budgets = [BUDGETS[counted.kind] for counted in attempt]
    values = {
        "companies": [counted.company_id for counted in attempt],
        "subjects": [counted.subject for counted in attempt],
        "accounts": [counted.account for counted in attempt],
        "kinds": [str(counted.kind) for counted in attempt],
        "most": [budget.window for budget in budgets],
        "day_most": [budget.day for budget in budgets],
    }
    return {bytes(row.subject): _count(row) for row in await tx.execute(_COUNT, values)}


async def sweep(tx: AsyncConnection) -> None:
    """Deletes subjects of all companies without an attempt for a day."""
    await tx.execute(_SWEEP)


async def settle(tx: AsyncConnection, *, gives_back: Sequence[bytes], forgets: Sequence[bytes]) -> None:
    """Settles a successful attempt: subtracts it from some subjects of the company and resets others."""
    await tx.execute(_LOCK, {"subjects": [*gives_back, *forgets]})
    await give_back(tx, gives_back)
    await tx.execute(_FORGET, {"subjects": list(forgets)})


async def give_back(tx: AsyncConnection, subjects: Sequence[bytes]) -> None:
    """Subtracts one attempt from each subject: it succeeded."""
    await tx.execute(_GIVE_BACK, {"subjects": list(subjects)})


async def lift(tx: AsyncConnection, account: bytes) -> None:
    """Resets the counts of an account of the company, or of a network."""
    await tx.execute(_LIFT, {"account": account})


async def read(tx: AsyncConnection, subject: bytes) -> Count | None:
    """What a subject of the company has used today."""
    row = (await tx.execute(_READ, {"subject": subject})).one_or_none()
    return _count(row) if row else None


async def used_up(tx: AsyncConnection) -> list[tuple[bytes, str, int]]:
    """Subject, kind and refusals of each subject of the company that admits no attempt now."""
    return [(bytes(subject), kind, refused) for subject, kind, refused in await tx.execute(_USED_UP)]
