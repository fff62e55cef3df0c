"""A second table of days, filled by COPY and then swapped with the first one.

Everything happens in one transaction: readers see the old rows until it ends, and a failure changes nothing.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date
from struct import Struct
from typing import Protocol

from psycopg import AsyncCopy
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.freshness.rules import Rebuild
from owner_portal.usage.rules import NUMBERS, CompanyDay, CompanyMonth

_NUMBER = 0x72656275696C64  # "rebuild": of the advisory lock

_TAKE = text("SELECT pg_try_advisory_xact_lock(:number)")

_BEGIN = text("SELECT begin_rebuild()")

_INDEX = text("SELECT index_rebuild()")

_FINISH = text("SELECT finish_rebuild()")

_NOTE = text("""
    INSERT INTO rebuild (read_messages, all_messages) VALUES (:read, :all)
    ON CONFLICT (one) DO UPDATE
    SET read_messages = excluded.read_messages, all_messages = excluded.all_messages, noted_at = now()
""")

_FORGET = text("DELETE FROM rebuild")

# FREEZE: the table is this transaction's own, so rows need no later visibility check.
_COPY = f"COPY company_day_next ({', '.join(CompanyDay._fields)}) FROM STDIN (FORMAT binary, FREEZE)"
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"
_ROW = Struct("!hi16sii" + "iq" * (1 + len(NUMBERS)))  # each value after its length
_EPOCH = date(2000, 1, 1).toordinal()  # PostgreSQL counts days from here


class Filling(Protocol):
    """Takes rows until the block ends."""

    async def add(self, months: Iterable[CompanyMonth]) -> None:
        """Each company's day may occur once."""


async def begin(tx: AsyncConnection) -> bool:
    """Creates the empty table; False if another rebuild is running."""
    if not (await tx.execute(_TAKE, {"number": _NUMBER})).scalar_one():
        return False
    await tx.execute(_BEGIN)
    return True


@asynccontextmanager
async def filling(tx: AsyncConnection) -> AsyncIterator[Filling]:
    """Rows added within the block are in the new table after it."""
    connection = (await tx.get_raw_connection()).driver_connection
    if connection is None:
        raise RuntimeError("the transaction has no connection")
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        await copy.write(_COPY_HEAD)
        yield _Copying(copy)
        await copy.write(_COPY_TAIL)


class _Copying:
    def __init__(self, copy: AsyncCopy) -> None:
        self._copy = copy

    async def add(self, months: Iterable[CompanyMonth]) -> None:
        await self._copy.write(b"".join([row for month in months for row in _rows(month)]))


def _rows(month: CompanyMonth) -> list[bytes]:
    key, last = month.company_id.bytes, month.first.toordinal() - _EPOCH - 1
    rows, pairs = [], [8] * (2 * (1 + len(NUMBERS)))
    for place, *numbers in month.numbers:
        pairs[1::2] = numbers
        rows.append(_ROW.pack(len(CompanyDay._fields), 16, key, 4, last + place, *pairs))
    return rows


async def index(tx: AsyncConnection) -> None:
    """Creates the key of the new table; then single rows can be replaced."""
    await tx.execute(_INDEX)


async def finish(tx: AsyncConnection) -> None:
    """Replaces the old table with the new one."""
    await tx.execute(_FINISH)


async def note(tx: AsyncConnection, progress: Rebuild) -> None:
    """Records the progress for pages."""
    await tx.execute(_NOTE, {"read": progress.read, "all": progress.all})


async def forget(tx: AsyncConnection) -> None:
    """Removes the progress."""
    await tx.execute(_FORGET)
