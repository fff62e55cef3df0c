"""The ingest writer's statements: the raw rows of many companies in one transaction, with the insert-only role.

Binary COPY first: nothing is cheaper. It knows no ON CONFLICT, so a group in which a row was seen before is rolled back
and goes the idempotent way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import make_conninfo
from psycopg.errors import DeadlockDetected, UniqueViolation

from servicekit.errors import Unavailable
from tracking.domain.reports import Report

_USAGE = ("company_id", "record_id", "employee_id", "kind", "at", "seconds", "name", "detail")
_USAGE_TYPES = ("uuid", "uuid", "uuid", "text", "timestamptz", "int4", "text", "text")
_CLAIM = ("company_id", "upload_id", "record_id", "employee_id", "device_id", "kind", "at", "seconds")
_CLAIM_TYPES = ("uuid", "uuid", "uuid", "uuid", "uuid", "text", "timestamptz", "int4")
_QUARANTINE = ("company_id", "record_id", "employee_id", "reason", "payload")
_QUARANTINE_TYPES = ("uuid", "uuid", "uuid", "text", "text")

Row = tuple[UUID | str | datetime | int, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """One report and whose it is."""

    upload_id: UUID
    company_id: UUID
    employee_id: UUID
    device_id: UUID
    report: Report


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
    # In the order of the keys: two writers that store the same rows at once wait for each other, never in a ring.
    usage, quarantined = (sorted(rows, key=itemgetter(0, 1)) for rows in (_usage(uploads), _quarantined(uploads)))
    claims = list(_claims(uploads))
    try:
        async with connection.transaction(), connection.cursor() as cursor:
            await _copy(cursor, "usage_record", _USAGE, _USAGE_TYPES, usage)
            await _copy(cursor, "fold_queue", _CLAIM, _CLAIM_TYPES, claims)
            await _copy(cursor, "quarantine", _QUARANTINE, _QUARANTINE_TYPES, quarantined)
    except (UniqueViolation, DeadlockDetected):
        async with connection.transaction(), connection.cursor() as cursor:
            await _insert_new(cursor, "usage_record", _USAGE, _USAGE_TYPES, usage)
            # A claim that is repeated is found out when it is folded.
            await _copy(cursor, "fold_queue", _CLAIM, _CLAIM_TYPES, claims)
            await _insert_new(cursor, "quarantine", _QUARANTINE, _QUARANTINE_TYPES, quarantined)


async def _copy(
    cursor: AsyncCursor, table: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[Row]
) -> None:
    if rows:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        async with cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)


async def _insert_new(
    cursor: AsyncCursor, table: str, columns: Sequence[str], types: Sequence[str], rows: Sequence[Row]
) -> None:
    if rows:
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        names = ", ".join(columns)
        statement = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) AS r ({names}) "
            "ON CONFLICT (company_id, record_id) DO NOTHING"
        )
        await cursor.execute(statement.encode(), [list(column) for column in zip(*rows, strict=True)])


def _usage(uploads: Sequence[Upload]) -> Iterator[Row]:
    for upload in uploads:
        for u in upload.report.usage:
            yield upload.company_id, u.record_id, upload.employee_id, u.kind, u.at, u.seconds, u.name, u.detail


def _claims(uploads: Sequence[Upload]) -> Iterator[Row]:
    for upload in uploads:
        whose = upload.employee_id, upload.device_id
        for a in upload.report.activity:
            yield upload.company_id, upload.upload_id, a.record_id, *whose, str(a.kind), a.at, a.seconds


def _quarantined(uploads: Sequence[Upload]) -> Iterator[Row]:
    for upload in uploads:
        for q in upload.report.quarantined:
            yield upload.company_id, q.record_id, upload.employee_id, q.reason, q.payload
