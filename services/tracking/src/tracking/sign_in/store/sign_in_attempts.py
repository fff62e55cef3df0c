"""What attempts to sign in have used of their budgets. The rules are `credentials.throttle.step`'s, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.throttle import BUDGETS, Count, Kind

NO_COMPANY = UUID(int=0)  # of networks, and of accounts that there are not

_COUNT = text("""
    SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted
    FROM sign_in.count(:companies, :subjects, :accounts, :kinds, :most, :day_most)
""")

_SWEEP = text("SELECT sign_in.sweep()")

_GIVE_BACK = text("""
    UPDATE sign_in_attempt SET used = greatest(used - 1, 0), day_used = greatest(day_used - 1, 0)
    WHERE subject = ANY(:subjects)
""")

# In the order in which attempts are counted: the two wait for each other, never in a ring.
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
class Counted:
    """One thing that an attempt is counted against; `account`: the account's own subject, None of a network."""

    company_id: UUID
    kind: Kind
    subject: bytes
    account: bytes | None = None


def _count(row: Row[Any]) -> Count:
    return Count(row.used, row.ends_at, row.day_used, row.day_ends_at, row.refused, row.admitted)


async def count(tx: AsyncConnection, attempt: Sequence[Counted]) -> Mapping[bytes, Count]:
    """Counts one attempt for each; those that are over their budget say that they did not admit it."""
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
    """Deletes what has not been tried for a day, of all companies."""
    await tx.execute(_SWEEP)


async def settle(tx: AsyncConnection, *, gives_back: Sequence[bytes], forgets: Sequence[bytes]) -> None:
    """The attempt succeeded: takes it back from some subjects of the scope, and forgives all attempts at others."""
    await tx.execute(_LOCK, {"subjects": [*gives_back, *forgets]})
    await give_back(tx, gives_back)
    await tx.execute(_FORGET, {"subjects": list(forgets)})


async def give_back(tx: AsyncConnection, subjects: Sequence[bytes]) -> None:
    """Takes one attempt of each subject of the scope back: it succeeded."""
    await tx.execute(_GIVE_BACK, {"subjects": list(subjects)})


async def lift(tx: AsyncConnection, account: bytes) -> None:
    """Forgives whatever is counted against an account of the scope, or against a network."""
    await tx.execute(_LIFT, {"account": account})


async def read(tx: AsyncConnection, subject: bytes) -> Count | None:
    """What a subject of the scope has used today."""
    row = (await tx.execute(_READ, {"subject": subject})).one_or_none()
    return _count(row) if row else None


async def used_up(tx: AsyncConnection) -> list[tuple[bytes, str, int]]:
    """Subject, kind and refusals of those in the scope that admit no attempt now."""
    return [(bytes(subject), kind, refused) for subject, kind, refused in await tx.execute(_USED_UP)]
