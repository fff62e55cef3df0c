"""The statements of the sign-in throttle: the rules of `credentials.throttle.step`, in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from credentials.throttle import BUDGETS, Count, CountKind

_COUNT = """
    INSERT INTO {table} AS a
        (subject, account, kind, used, most, ends_at, day_used, day_most, day_ends_at, refused, admitted)
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
"""

_SWEEP = "DELETE FROM {table} WHERE day_ends_at <= now()"

_IS_USED_UP = "day_ends_at > now() AND (day_used >= day_most OR ends_at > now() AND used >= most)"


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject that an attempt counts against; `account`: the account's own subject, None for a network."""

    kind: CountKind
    subject: bytes
    account: bytes | None = None


class SignInAttempts:
    """The counts in one table.

    The table has the columns subject, account, kind, used, most, ends_at, day_used, day_most, day_ends_at, refused and
    admitted.
    """

    def __init__(self, table: str, *, count: str = _COUNT, sweep: str = _SWEEP) -> None:
        """`count` and `sweep` replace the statements for a table whose rows the service's role may not write itself.

        `count` takes the arrays subjects, accounts, kinds, most and day_most, and returns the columns of a `Count` with
        their subject.
        """
        self._count = text(count.format(table=table))
        self._sweep = text(sweep.format(table=table))
        self._give_back = text(f"""
            UPDATE {table} SET used = greatest(used - 1, 0), day_used = greatest(day_used - 1, 0)
            WHERE subject = ANY(:subjects)
        """)
        # In the order in which attempts are counted, which prevents deadlocks.
        self._lock = text(f"SELECT 1 FROM {table} WHERE subject = ANY(:subjects) ORDER BY subject FOR UPDATE")
        self._forget = text(f"DELETE FROM {table} WHERE subject = ANY(:subjects)")
        self._lift = text(f"""
            DELETE FROM {table} WHERE subject IN (
                SELECT subject FROM {table} WHERE account = :account OR subject = :account ORDER BY subject FOR UPDATE
            )
        """)
        self._read = text(f"""
            SELECT subject, used, ends_at, day_used, day_ends_at, refused, admitted FROM {table}
            WHERE subject = :subject AND day_ends_at > now()
        """)
        self._used_up = text(f"SELECT subject, refused FROM {table} WHERE kind = :kind AND {_IS_USED_UP}")
        self._count_used_up = text(f"SELECT count(*) FROM {table} WHERE kind = :kind AND {_IS_USED_UP}")

    async def count(self, tx: AsyncConnection, attempt: Sequence[Subject], **more: object) -> Mapping[bytes, Count]:
        """Counts one attempt for each subject; a subject over its budget reports that it did not admit the attempt.

        `more` are values of a `count` statement of the service's own.
        """
        budgets = [BUDGETS[counted.kind] for counted in attempt]
        values = {
            "subjects": [counted.subject for counted in attempt],
            "accounts": [counted.account for counted in attempt],
            "kinds": [str(counted.kind) for counted in attempt],
            "most": [budget.window for budget in budgets],
            "day_most": [budget.day for budget in budgets],
        }
        return {bytes(row.subject): _read_count(row) for row in await tx.execute(self._count, values | more)}

    async def settle(self, tx: AsyncConnection, *, gives_back: Sequence[bytes], forgets: Sequence[bytes]) -> None:
        """Settles a successful attempt: subtracts it from some subjects and resets others."""
        await tx.execute(self._lock, {"subjects": [*gives_back, *forgets]})
        await self.give_back(tx, gives_back)
        await tx.execute(self._forget, {"subjects": list(forgets)})

    async def give_back(self, tx: AsyncConnection, subjects: Sequence[bytes]) -> None:
        """Subtracts one attempt from each subject."""
        await tx.execute(self._give_back, {"subjects": list(subjects)})

    async def lift(self, tx: AsyncConnection, account: bytes) -> None:
        """Resets the counts of an account, or of a network."""
        await tx.execute(self._lift, {"account": account})

    async def read(self, tx: AsyncConnection, subject: bytes) -> Count | None:
        """Returns what a subject has used today; None if no attempt was counted."""
        row = (await tx.execute(self._read, {"subject": subject})).one_or_none()
        return _read_count(row) if row else None

    async def used_up(self, tx: AsyncConnection, kind: CountKind) -> dict[bytes, int]:
        """Returns the subjects of this kind that admit no attempt now, each with the number of refused attempts."""
        rows = await tx.execute(self._used_up, {"kind": str(kind)})
        return {bytes(row.subject): row.refused for row in rows}

    async def count_used_up(self, tx: AsyncConnection, kind: CountKind) -> int:
        """Returns the number of subjects of this kind that admit no attempt now."""
        return int((await tx.execute(self._count_used_up, {"kind": str(kind)})).scalar_one())

    async def sweep(self, tx: AsyncConnection) -> None:
        """Deletes the counts of subjects without an attempt for a day."""
        await tx.execute(self._sweep)


def _read_count(row: Row[Any]) -> Count:
    return Count(row.used, row.ends_at, row.day_used, row.day_ends_at, row.refused, row.admitted)
