"""Runs a service's Alembic migrations while the service runs.

Each step is a transaction of its own. It waits for a lock at most `LOCK_TIMEOUT`, because every later statement on a
table waits behind whoever waits for the table's lock; then the step is rolled back and tried again. One process
migrates at a time. A step that builds an index with `build_index` or fills rows with `fill` does nothing else: both run
outside a transaction, and go on where they were interrupted when the migration is run again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from alembic import command, context, op
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from servicekit.errors import Unavailable

LOCK_TIMEOUT = "1s"
ATTEMPTS = 60
PAUSE_SECONDS = 0.5  # between attempts, in which the statements that waited run
TURN = 0x6D696772617465  # "migrate": the number of the advisory lock

log = structlog.get_logger()


def upgrade(url: str, package: str) -> None:
    """Migrates the database at `url`, with the owner's role, to the newest version of `package`.

    Unavailable: a table stayed locked.
    """
    config = Config()
    config.set_main_option("script_location", f"{package}:migrations")
    config.attributes["url"] = url
    with _turn(url):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return command.upgrade(config, "head")
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable):
                    raise
                log.warning("table is locked; the step is tried again", attempt=attempt)
                time.sleep(PAUSE_SECONDS)
    raise Unavailable(
        "A table stayed locked, so a migration step was not made. Earlier steps are kept. End the transaction that "
        "holds the lock (see pg_stat_activity) and run the migration again."
    )


def run() -> None:
    """Runs the steps that are due; called by every service's `migrations/env.py`."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with _connect(context.config.attributes["url"]) as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


def build_index(name: str, definition: str, *, unique: bool = False) -> None:
    """Builds an index without blocking writes; `definition` is what follows its name, from ON.

    An invalid index of this name, which an interrupted build left, is built again.
    """
    with _outside_transaction():
        found = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
        if not context.is_offline_mode() and op.get_bind().execute(text(found), {"name": name}).first():
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}")


def drop_index(name: str) -> None:
    """Drops an index without blocking reads or writes."""
    with _outside_transaction():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def fill(statement: str) -> None:
    """Executes the statement, each time as a transaction of its own, until it changes no row.

    The statement changes a batch of the rows that are still to be changed, so that an interrupted migration goes on.
    """
    with _outside_transaction():
        if context.is_offline_mode():
            op.execute(statement)
            return
        while op.get_bind().execute(text(statement)).rowcount:
            pass


@contextmanager
def _outside_transaction() -> Iterator[None]:
    # Building an index concurrently waits for older transactions, and nothing waits for it.
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


@contextmanager
def _turn(url: str) -> Iterator[None]:
    """Waits until no other process migrates this database."""
    with _connect(url, lock_timeout="0") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:turn)"), {"turn": TURN})
        connection.commit()
        yield


@contextmanager
def _connect(url: str, *, lock_timeout: str = LOCK_TIMEOUT) -> Iterator[Connection]:
    options: dict[str, Any] = {"options": f"-c lock_timeout={lock_timeout}"}
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool, connect_args=options)
    with engine.connect() as connection:
        yield connection
