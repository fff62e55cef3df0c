"""The ingest writer's statements: the raw rows of many companies in one transaction, with the insert-only role.

Binary COPY first: nothing is cheaper. It knows no ON CONFLICT, so a group in which a row was seen before is rolled back
and goes the idempotent way.
"""

from collections.abc import Sequence

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import make_conninfo
from psycopg.errors import DeadlockDetected, UniqueViolation

from servicekit.errors import Unavailable
from tracking.ingest.fastpath.store.copying import HEADER, TRAILER, copy_all
from tracking.ingest.fastpath.store.packing import CLAIMS, QUARANTINE, USAGE, Table, Upload, unpack

MOST_BUFFERED = 250  # rows of a COPY
MAX_UNPACKED = 1_000  # rows of a statement: their values are made on the event loop, in some ten milliseconds


class NotStorable(Exception):
    """The database refuses the rows themselves; without the upload that holds them, the others go in."""


class IngestWriter:
    """One connection of the insert-only role; it is opened again after a failure."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = make_conninfo(database_url, application_name="tracking-ingest", connect_timeout=5)
        self._connection: AsyncConnection | None = None

    async def write(self, uploads: Sequence[Upload]) -> None:
        """Stores the uploads; returns once they are durable. Rows that are there already are not stored again.

        Unavailable: the database is away, and whether they are stored is not known. NotStorable: none of them is.
        """
        try:
            if self._connection is None:
                self._connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
            await _write(self._connection, uploads)
        except psycopg.OperationalError as error:
            await self.close()
            raise Unavailable("not stored; nothing is lost, try again", retry_after=1) from error
        except psycopg.Error as error:
            raise NotStorable(type(error).__name__) from error

    async def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


async def _write(connection: AsyncConnection, uploads: Sequence[Upload]) -> None:
    # In the order of the keys, as every writer does it: two that store the same rows wait for each other, seldom in a
    # ring, and neighbours go to the same pages. Claims stay in the order in which they came.
    usage = sorted([row for upload in uploads for row in upload.usage])
    claims = [row for upload in uploads for row in upload.claims]
    quarantined = sorted([row for upload in uploads for row in upload.quarantined])
    copies = ((USAGE, usage), (CLAIMS, claims), (QUARANTINE, quarantined))
    try:
        await copy_all(connection, [(_copy(table, len(rows)), b"".join(rows)) for table, rows in copies if rows])
    except (UniqueViolation, DeadlockDetected):
        async with connection.transaction(), connection.cursor() as cursor:
            await _insert_new(cursor, USAGE, usage)
            if claims:  # one that is repeated is found out when it is folded
                async with cursor.copy(_copy(CLAIMS, len(claims))) as copy:
                    await copy.write(HEADER + b"".join(claims) + TRAILER)
            await _insert_new(cursor, QUARANTINE, quarantined)


def _copy(table: Table, rows: int) -> bytes:
    # For each of up to 1,000 rows that PostgreSQL 18 buffers, it notes one and the same reference in a hash table, all
    # in one place: the work grows with the square. What has to be asked anew for each row keeps it from buffering.
    names = ", ".join(table.columns)
    unbuffered = " WHERE random() >= 0" if rows > MOST_BUFFERED else ""
    return f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY){unbuffered}".encode()


async def _insert_new(cursor: AsyncCursor, table: Table, rows: Sequence[bytes]) -> None:
    arrays = ", ".join(f"%b::{kind}[]" for kind in table.columns.values())
    names = ", ".join(table.columns)
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM unnest({arrays}) AS r ({names}) "
        f"ON CONFLICT ({', '.join(table.key)}) DO NOTHING"
    )
    for start in range(0, len(rows), MAX_UNPACKED):
        columns = zip(*(unpack(table, row) for row in rows[start : start + MAX_UNPACKED]), strict=True)
        await cursor.execute(statement.encode(), [list(column) for column in columns])
