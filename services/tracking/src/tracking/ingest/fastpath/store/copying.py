"""Several binary COPYs in one transaction with few round trips.

psycopg's own `cursor.copy` needs six round trips for a transaction with two COPYs and encodes values one by one. For
groups of a few dozen rows that costs more than the rows, so rows come packed and the statements travel together:
PostgreSQL runs them as one implicit transaction.
"""

from collections.abc import Generator, Sequence

from psycopg import AsyncConnection, errors, generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

CHUNK = 64 * 1024  # libpq accepts what fits into its buffer
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


async def copy_all(connection: AsyncConnection, copies: Sequence[tuple[bytes, bytes]]) -> None:
    """Runs (COPY … FROM STDIN (FORMAT BINARY), its rows) for each; returns once all rows are durable.

    The connection must be in autocommit mode, outside a transaction. psycopg.Error: no row was stored.
    """
    await connection.wait(_copy_all(connection.pgconn, copies))


def _copy_all(pgconn: PGconn, copies: Sequence[tuple[bytes, bytes]]) -> Generator[Wait, Ready | int, None]:
    pgconn.send_query(b";".join(statement for statement, _rows in copies))
    yield from generators.send(pgconn)
    refused: PGresult | None = None
    waiting = iter(copies)
    while (result := (yield from generators.fetch(pgconn))) is not None:
        if result.status == ExecStatus.COPY_IN:
            _statement, rows = next(waiting)
            data = HEADER + rows + TRAILER
            for start in range(0, len(data), CHUNK):
                yield from generators.copy_to(pgconn, data[start : start + CHUNK], flush=False)
            pgconn.put_copy_end()
            yield from generators.send(pgconn)
        elif result.status != ExecStatus.COMMAND_OK:
            refused = refused or result
    if refused is not None:
        raise errors.error_from_result(refused)
