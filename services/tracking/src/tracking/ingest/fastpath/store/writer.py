"""The ingest writer: stores the raw rows of many companies in one transaction, with the insert-only role.

Binary COPY comes first, since it costs least. It has no ON CONFLICT, so a group with a row that is stored already is
rolled back and inserted idempotently.
"""

from collections.abc import Sequence

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import make_conninfo
from psycopg.errors import DeadlockDetected, UniqueViolation

from servicekit.errors import Unavailable
from tracking.ingest.fastpath.store.copying import HEADER, TRAILER, copy_all
from tracking.ingest.fastpath.store.packing import CLAIMS, QUARANTINE, USAGE, Table, Upload, unpack

MAX_BUFFERED_ROWS = 250  # rows of a COPY
MAX_INSERTED_ROWS = 1_000  # rows of a statement: building their values blocks the event loop for some ten milliseconds


class NotStorable(Exception):
    """The database rejects the rows themselves; without that upload the others can be stored."""


class IngestWriter:
    """One connection of the insert-only role, reopened after a failure.

    Rows are written once more on a new connection when the open one breaks, as after a restart of PostgreSQL: no upload
    is refused for that. Rows that are stored already are skipped.
    """

    def __init__(self, database_url: str) -> None:
        self._conninfo = make_conninfo(database_url, application_name="tracking-ingest", connect_timeout=5)
        self._connection: AsyncConnection | None = None

    async def write(self, uploads: Sequence[Upload]) -> None:
        """Stores the uploads; returns once they are durable. Rows that are stored already are skipped.

        Unavailable: the database failed, and the rows may or may not be stored. NotStorable: no row was stored.
        """
        try:
            if not await self._written_on_the_open_connection(uploads):
                self._connection = await AsyncConnection.connect(self._conninfo, autocommit=True)
                await _write(self._connection, uploads)
        except psycopg.OperationalError as error:
            await self.close()
            raise Unavailable("not stored; no data is lost, try again", retry_after=1) from error
        except psycopg.Error as error:
            raise NotStorable(type(error).__name__) from error

    async def _written_on_the_open_connection(self, uploads: Sequence[Upload]) -> bool:
        if self._connection is None:
            return False
        try:
            await _write(self._connection, uploads)
        except psycopg.OperationalError:
            if not self._connection.broken:
                raise
            await self.close()
            return False
        return True

    async def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


async def _write(connection: AsyncConnection, uploads: Sequence[Upload]) -> None:
    # Sorted by key, as every writer does it: transactions that store the same rows rarely deadlock, and
    # neighbouring rows go to the same pages. Claims stay in the order in which they came.
    usage = sorted([row for upload in uploads for row in upload.usage])
    claims = [row for upload in uploads for row in upload.claims]
    quarantined = sorted([row for upload in uploads for row in upload.quarantined])
    copies = ((USAGE, usage), (CLAIMS, claims), (QUARANTINE, quarantined))
    try:
        await copy_all(connection, [(_copy(table, len(rows)), b"".join(rows)) for table, rows in copies if rows])
    except (UniqueViolation, DeadlockDetected):
        async with connection.transaction(), connection.cursor() as cursor:
            await _insert_new(cursor, USAGE, usage)
            if claims:  # the fold recognises repeated claims
                async with cursor.copy(_copy(CLAIMS, len(claims))) as copy:
                    await copy.write(HEADER + b"".join(claims) + TRAILER)
            await _insert_new(cursor, QUARANTINE, quarantined)


def _copy(table: Table, rows: int) -> bytes:
    # For each of up to 1,000 rows that it buffers, PostgreSQL 18 adds the same reference to one place of a hash table,
    # so the work grows quadratically. A condition evaluated for each row turns buffering off.
    names = ", ".join(table.columns)
    unbuffered = " WHERE random() >= 0" if rows > MAX_BUFFERED_ROWS else ""
    return f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY){unbuffered}".encode()


async def _insert_new(cursor: AsyncCursor, table: Table, rows: Sequence[bytes]) -> None:
    arrays = ", ".join(f"%b::{kind}[]" for kind in table.columns.values())
    names = ", ".join(table.columns)
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM unnest({arrays}) AS r ({names}) "
        f"ON CONFLICT ({', '.join(table.key)}) DO NOTHING"
    )
    for start in range(0, len(rows), MAX_INSERTED_ROWS):
        columns = zip(*(unpack(table, row) for row in rows[start : start + MAX_INSERTED_ROWS]), strict=True)
        await cursor.execute(statement.encode(), [list(column) for column in columns])
