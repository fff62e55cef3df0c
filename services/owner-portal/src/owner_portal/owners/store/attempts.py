"""Attempts per throttle subject. The rules of `credentials.throttle.step` in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.throttle import BUDGETS, Count, Kind

_COUNT = text("""
    INSERT INTO sign_in_attempt AS a
    SELECT t.subject, t.account, t.kind, 1, t.most, now() + interval '15 minutes',
        1, t.day_most, now() + interval '1 day', 0, true
    FROM unnest(
        CAST(:subjects AS bytea[]), CAST(:accounts AS bytea[]), CAST(:kinds AS text[]),
        CAST(:most AS integer[]), CAST(:day_most AS integer[])
    ) AS t (subject, account, kind, most, day_most)
    ORDER BY t.subject
    ON CONFLICT (subject) DO UPDATE SET (used, ends_at, day_used, day_ends_at, refused, admitted) = (
        SELECT now_used + CAST(admits AS int), now_ends_at, now_day_used + CAST(admits AS int), now_day_ends_at,
            CASE WHEN a.day_ends_at <= now() THEN 0 ELSE a.refused END + CAST(NOT admits AS int), admits
        FROM (
            SELECT *, now_used < excluded.most AND now_day_used < excluded.day_most AS admits FROM (
                SELECT CASE WHEN a.ends_at <= now() THEN 0 ELSE a.used END AS now_used,
                    CASE WHEN a.ends_at <= now() THEN now() + interval '15 minutes' ELSE a.ends_at END AS now_ends_at,
                    CASE WHEN a.day_ends_at <= now() THEN 0 ELSE a.day_used END AS now_day_used,
                    CASE WHEN a.day_ends_at <= now() THEN now() + interval '1 day' ELSE a.day_ends_at END
                        AS now_day_ends_at
            ) AS windows
        ) AS decided
    ), most = excluded.most, day_most = excluded.day_most
    RETURNING a.subject, a.used, a.ends_at, a.day_used, a.day_ends_at, a.refused, a.admitted
""")

# Locked in the order in which attempts are counted, which prevents deadlocks.
_LOCK = text("SELECT 1 FROM sign_in_attempt WHERE subject = ANY(:subjects) ORDER BY subject FOR UPDATE")

_GIVE_BACK = text("""
    UPDATE sign_in_attempt SET used = greatest(used - 1, 0), day_used = greatest(day_used - 1, 0)
    WHERE subject = ANY(:subjects)
""")

_FORGET = text("DELETE FROM sign_in_attempt WHERE subject = ANY(:subjects)")

_LIFT = text("""
    DELETE FROM sign_in_attempt WHERE subject IN (
        SELECT subject FROM sign_in_attempt WHERE account = :account OR subject = :account ORDER BY subject FOR UPDATE
    )
""")

_SWEEP = text("DELETE FROM sign_in_attempt WHERE day_ends_at <= now()")

_READ = text("""
    SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted FROM sign_in_attempt
    WHERE subject = :subject AND day_ends_at > now()
""")

_USED_UP = text("""
    SELECT count(*) FROM sign_in_attempt
    WHERE kind = :kind AND day_ends_at > now() AND (day_used >= day_most OR ends_at > now() AND used >= most)
""")


@dataclass(frozen=True, slots=True)
class Counted:
    """One limit that an attempt counts against; `account`: the subject of the account, None for a network."""

    kind: Kind
    subject: bytes
    account: bytes | None = None


async def count(tx: AsyncConnection, attempt: Sequence[Counted]) -> Mapping[bytes, Count]:
    """Counts one attempt for each limit; exceeded limits return that they did not admit it."""
    budgets = [BUDGETS[counted.kind] for counted in attempt]
    values = {
        "subjects": [counted.subject for counted in attempt],
        "accounts": [counted.account for counted in attempt],
        "kinds": [str(counted.kind) for counted in attempt],
        "most": [budget.window for budget in budgets],
        "day_most": [budget.day for budget in budgets],
    }
    return {bytes(row.subject): _count(row) for row in await tx.execute(_COUNT, values)}


async def settle(tx: AsyncConnection, *, gives_back: Sequence[bytes], forgets: Sequence[bytes]) -> None:
    """After a success: takes the attempt back from some subjects, and clears all attempts of others."""
    await tx.execute(_LOCK, {"subjects": [*gives_back, *forgets]})
    await tx.execute(_GIVE_BACK, {"subjects": list(gives_back)})
    await tx.execute(_FORGET, {"subjects": list(forgets)})


async def lift(tx: AsyncConnection, account: bytes) -> None:
    """Clears the attempts of an account or a network."""
    await tx.execute(_LIFT, {"account": account})


async def read(tx: AsyncConnection, subject: bytes) -> Count | None:
    """What a subject has used today."""
    row = (await tx.execute(_READ, {"subject": subject})).one_or_none()
    return _count(row) if row else None


async def used_up(tx: AsyncConnection, kind: Kind) -> int:
    """The number of subjects of this kind that admit no attempt now."""
    return int((await tx.execute(_USED_UP, {"kind": str(kind)})).scalar_one())


async def sweep(tx: AsyncConnection) -> None:
    """Deletes expired counts."""
    await tx.execute(_SWEEP)


def _count(row: Row[Any]) -> Count:
    return Count(row.used, row.ends_at, row.day_used, row.day_ends_at, row.refused, row.admitted)
