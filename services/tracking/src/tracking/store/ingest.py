"""The ingest writer's statements: the raw rows of many companies in one transaction, with the insert-only role.

Binary COPY first: nothing is cheaper. It knows no ON CONFLICT, so a group in which a row was seen before is rolled back
and goes the idempotent way.
"""

import struct
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
from servicekit.ids import new_id
from tracking.domain.reports import Report
from tracking.domain.unix_time import moment_of
from tracking.store.copying import EPOCH, HEADER, TRAILER, copy_all, length, packed_text

# In the order in which the rows are packed: what an upload's rows have in common comes first, and the key.
_USAGE = ("company_id", "employee_id", "record_id", "kind", "at", "seconds", "name", "detail")
_USAGE_TYPES = ("uuid", "uuid", "uuid", "text", "timestamptz", "int4", "text", "text")
_CLAIM = ("company_id", "employee_id", "device_id", "upload_id", "record_id", "kind", "at", "seconds")
_QUARANTINE = ("company_id", "employee_id", "record_id", "reason", "payload")
_QUARANTINE_TYPES = ("uuid", "uuid", "uuid", "text", "text")

_KINDS = {kind: kind.encode() for kind in "aw"}
_WHOSE = struct.Struct("!hi16si16s").pack  # the number of columns, company, employee
_DEVICE_AND_UPLOAD = struct.Struct("!i16si16s").pack
_STRETCH = struct.Struct("!i16sisiqii").pack  # record, kind, at, seconds; each after its length
_USE = struct.Struct("!i16sisiqiii").pack  # the same, and the length of the name
_RECORD = struct.Struct("!i16s").pack

Row = tuple[UUID | str | datetime | int, ...]


@dataclass(slots=True)
class Upload:
    """One report and whose it is."""

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
    usage, claims, quarantined = _packed_usage(uploads), _packed_claims(uploads), _packed_quarantined(uploads)
    copies = (
        ("usage_record", _USAGE, usage),
        ("fold_queue", _CLAIM, claims),
        ("quarantine", _QUARANTINE, quarantined),
    )
    try:
        await copy_all(connection, [(_copy(table, columns), b"".join(rows)) for table, columns, rows in copies if rows])
    except (UniqueViolation, DeadlockDetected):
        async with connection.transaction(), connection.cursor() as cursor:
            await _insert_new(cursor, "usage_record", _USAGE, _USAGE_TYPES, _usage(uploads), key=_USAGE[:3])
            if claims:  # one that is repeated is found out when it is folded
                async with cursor.copy(_copy("fold_queue", _CLAIM)) as copy:
                    await copy.write(HEADER + b"".join(claims) + TRAILER)
            rows, key = _quarantined(uploads), ("company_id", "record_id")
            await _insert_new(cursor, "quarantine", _QUARANTINE, _QUARANTINE_TYPES, rows, key=key)


def _copy(table: str, columns: Sequence[str]) -> bytes:
    # Whatever has to be asked anew for each row keeps PostgreSQL from buffering the rows: for each of up to 1,000 that
    # it buffers, 18 notes a reference to one and the same thing, in a hash table that has them all in one place. The
    # statement's last rows cost twice what its first ones do; without buffers all cost what those do.
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY) WHERE random() >= 0".encode()


def _packed_usage(uploads: Sequence[Upload]) -> list[bytes]:
    rows = []
    for upload in uploads:
        whose = _WHOSE(8, 16, upload.company_id.bytes, 16, upload.employee_id.bytes)
        for record_id, kind, at, seconds, name, detail in upload.report.usage:
            named, detailed = name.encode(), detail.encode()
            use = _USE(16, record_id, 1, _KINDS[kind], 8, at - EPOCH, 4, seconds, len(named))
            rows.append(whose + use + named + length(len(detailed)) + detailed)
    # In the order of the keys, as every writer does it: two that store the same rows wait for each other, seldom in a
    # ring, and neighbours go to the same pages.
    rows.sort()
    return rows


def _packed_claims(uploads: Sequence[Upload]) -> list[bytes]:
    rows = []
    for upload in uploads:
        if upload.report.activity:
            whose = _WHOSE(8, 16, upload.company_id.bytes, 16, upload.employee_id.bytes)
            whose += _DEVICE_AND_UPLOAD(16, upload.device_id.bytes, 16, new_id().bytes)
            for record_id, kind, at, seconds in upload.report.activity:
                rows.append(whose + _STRETCH(16, record_id, 1, kind.encode(), 8, at - EPOCH, 4, seconds))
    return rows


def _packed_quarantined(uploads: Sequence[Upload]) -> list[bytes]:
    rows = []
    for upload in uploads:
        for record_id, reason, payload in upload.report.quarantined:
            whose = _WHOSE(5, 16, upload.company_id.bytes, 16, upload.employee_id.bytes)
            rows.append(whose + _RECORD(16, record_id) + packed_text(reason) + packed_text(payload))
    rows.sort()
    return rows


async def _insert_new(
    cursor: AsyncCursor,
    table: str,
    columns: Sequence[str],
    types: Sequence[str],
    rows: Iterator[Row],
    *,
    key: Sequence[str],
) -> None:
    in_order = sorted(rows, key=itemgetter(0, 1, 2))  # see above
    if in_order:
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        names = ", ".join(columns)
        statement = (
            f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays}) AS r ({names}) "
            f"ON CONFLICT ({', '.join(key)}) DO NOTHING"
        )
        await cursor.execute(statement.encode(), [list(column) for column in zip(*in_order, strict=True)])


def _usage(uploads: Sequence[Upload]) -> Iterator[Row]:
    for upload in uploads:
        for u in upload.report.usage:
            whose = upload.company_id, upload.employee_id, UUID(bytes=u.record_id)
            yield *whose, u.kind, moment_of(u.at), u.seconds, u.name, u.detail


def _quarantined(uploads: Sequence[Upload]) -> Iterator[Row]:
    for upload in uploads:
        for q in upload.report.quarantined:
            yield upload.company_id, upload.employee_id, UUID(bytes=q.record_id), q.reason, q.payload
