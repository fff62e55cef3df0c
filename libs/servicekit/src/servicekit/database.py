"""PostgreSQL through SQLAlchemy's core and psycopg."""

from psycopg.errors import QueryCanceled
from sqlalchemy import make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""Errors that say nothing about the statement: the same one may succeed in a moment."""

PAGE_STATEMENT_TIMEOUT = 15.0  # seconds that one statement of a page may take
TOOK_TOO_LONG = "This took too long and was stopped; nothing was changed. Ask for less, or try again in a few minutes"


def create_engine(
    url: str,
    *,
    name: str,
    pool_size: int = 10,
    patience: float = 30,
    ping: bool = True,
    statement_timeout: float | None = None,
) -> AsyncEngine:
    """An engine for `postgresql://…`; `name` shows in pg_stat_activity.

    With `ping` connections are tried before use, so that a restarted database costs the next caller a reconnect, not
    an error. At most `pool_size` connections: opening one for a peak and dropping it costs more than waiting does.
    Who waits for one longer than `patience` seconds gets an error. With `statement_timeout` (seconds) a statement that
    takes longer, or waits longer for a lock, is stopped: its error is one that `took_too_long`.
    """
    limit = f" -c statement_timeout={round(statement_timeout * 1000)}" if statement_timeout is not None else ""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience,
        pool_pre_ping=ping,
        hide_parameters=True,  # errors are logged with their statement; its values are people's data
        connect_args={"application_name": name, "options": f"-c timezone=UTC{limit}", "connect_timeout": 5},
    )


def took_too_long(error: BaseException) -> bool:
    """Whether a statement was stopped because it took too long; the database itself is well."""
    return isinstance(getattr(error, "orig", None), QueryCanceled)


async def ping(engine: AsyncEngine) -> None:
    """Raises when the database does not answer."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
