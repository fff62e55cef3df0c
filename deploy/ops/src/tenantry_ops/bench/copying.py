"""The minimum cost of durable rows in PostgreSQL: binary COPY into the same table, one commit after another."""

import itertools
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from tenantry_ops.bench import cpu
from tenantry_ops.bench.crowd import Member
from tenantry_ops.bench.results import BenchmarkFailed

COLUMNS = ("company_id", "record_id", "employee_id", "kind", "at", "seconds", "name", "detail")
TYPES = ("uuid", "uuid", "uuid", "text", "timestamptz", "int4", "text", "text")
COPY = f"COPY usage_record ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"

Row = tuple[UUID, UUID, UUID, str, datetime, int, str, str]


def copy_cpu(dsn: str, postgres: int, members: Sequence[Member], *, rows: int, group: int) -> float:
    """Returns the CPU seconds per 1,000 rows of both sides when `group` rows share a commit.

    `dsn` is that of the insert-only role, `postgres` the server's pid.
    """
    made = list(itertools.islice(_rows(members), rows))
    with psycopg.connect(dsn, autocommit=True) as connection:
        server, client = cpu.seconds([postgres]), time.process_time()
        copied = sum(_copy(connection, made[start : start + group]) for start in range(0, rows, group))
        used = time.process_time() - client + cpu.seconds([postgres]) - server
    if copied != rows:
        raise BenchmarkFailed(f"PostgreSQL took {copied} of {rows} rows")
    return used / rows * 1000


def _copy(connection: psycopg.Connection, rows: Sequence[Row]) -> int:
    with connection.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def _rows(members: Sequence[Member]) -> Iterator[Row]:
    """Returns rows like tracking's: of equal length, with equal keys and as many companies per group."""
    ids = [(UUID(member.company_id), UUID(member.employee_id), member.since) for member in members]
    for number, (company_id, employee_id, since) in enumerate(itertools.cycle(ids)):
        at = datetime.fromtimestamp(since + number % 86_400, UTC)
        milliseconds = (int(at.timestamp()) * 1000).to_bytes(6, "big")
        record_id = UUID(bytes=milliseconds + b"\x70\0\x80" + secrets.token_bytes(7))
        app, detail = "Code Editor", f"report-{number}.py - project - Code Editor"
        yield company_id, record_id, employee_id, "a", at, 1 + number % 9, app, detail
