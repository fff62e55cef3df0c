"""Connections to PostgreSQL through SQLAlchemy Core and psycopg."""

from psycopg.errors import QueryCanceled
from sqlalchemy import make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECTION_ERRORS = (OperationalError, InterfaceError, PoolTimeoutError)
"""Errors of the connection, not of the statement; the same statement may succeed later."""

PAGE_STATEMENT_TIMEOUT_SECONDS = 15.0  # for one statement of a page
STATEMENT_TIMEOUT_MESSAGE = (
    "This took too long and was stopped; nothing was changed. Ask for less, or try again in a few minutes"
)


def create_engine(
    url: str,
    *,
    name: str,
    pool_size: int = 10,
    pool_timeout: float = 30,
    ping: bool = True,
    statement_timeout: float | None = None,
) -> AsyncEngine:
    """Returns an engine for `postgresql://…`; `name` appears in pg_stat_activity.

    With `ping`, connections are tested before use, so a restarted database costs the next caller a reconnect, not an
    error. There are at most `pool_size` connections, because opening one for a peak costs more than waiting; waiting
    longer than `pool_timeout` seconds raises an error. With `statement_timeout` (seconds), a statement that takes
    longer, or waits longer for a lock, is cancelled; `is_statement_timeout` recognises its error.
    """
    limit = f" -c statement_timeout={round(statement_timeout * 1000)}" if statement_timeout is not None else ""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        pool_pre_ping=ping,
        hide_parameters=True,  # logged errors contain the statement; its parameters are personal data
        connect_args={"application_name": name, "options": f"-c timezone=UTC{limit}", "connect_timeout": 5},
    )


def is_statement_timeout(error: BaseException) -> bool:
    """Returns whether the error is a statement that was cancelled because it took too long."""
    return isinstance(getattr(error, "orig", None), QueryCanceled)


async def ping(engine: AsyncEngine) -> None:
    """Raises an error if the database does not answer."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
