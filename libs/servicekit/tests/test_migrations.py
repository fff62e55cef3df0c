"""Migrations run beside a serving process: they wait briefly for locks, build indexes online, and resume."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import psycopg
import pytest

from servicekit import migrations
from servicekit.errors import Unavailable
from testkit.engines import AnyPostgres
from testkit.waiting import eventually_blocking

FIRST = """
    op.execute("CREATE TABLE thing (id integer PRIMARY KEY, size integer, doubled integer)")
    op.execute("INSERT INTO thing SELECT n, n FROM generate_series(1, 1000) n")
"""
INDEX = 'migrations.build_index("thing_size", "ON thing (size)")'
ADD = 'op.execute("ALTER TABLE thing ADD COLUMN note text")'
FILL = '''
    migrations.fill("""
        UPDATE thing SET doubled = 2 * size
        WHERE id IN (SELECT id FROM thing WHERE doubled IS NULL ORDER BY id LIMIT 100)
    """)
'''

Migrate = Callable[..., None]


@pytest.fixture
def rows(postgres_engine: AnyPostgres) -> Iterator[psycopg.Connection[Any]]:
    """A connection to an empty database."""
    with psycopg.connect(postgres_engine.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS migrations WITH (FORCE)")
        connection.execute("CREATE DATABASE migrations")
    with psycopg.connect(postgres_engine.dsn("migrations"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def migrate(postgres_engine: AnyPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """`migrate(FIRST, INDEX)` migrates to the second of these steps."""
    folder = tmp_path / "stepped" / "migrations"
    (folder / "versions").mkdir(parents=True)
    (tmp_path / "stepped" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("")
    (folder / "env.py").write_text("from servicekit import migrations\n\nmigrations.run()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stepped", raising=False)
    monkeypatch.delitem(sys.modules, "stepped.migrations", raising=False)
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.05)

    def migrate(*steps: str) -> None:
        for number, step in enumerate(steps, start=1):
            head = f"from alembic import op\nfrom servicekit import migrations\nrevision = '{number}'\n"
            before = repr(str(number - 1)) if number > 1 else None
            body = "\n".join(f"    {line}" for line in dedent(step).strip().splitlines())
            text = f"{head}down_revision = {before}\n\n\ndef upgrade():\n{body}\n"
            (folder / "versions" / f"{number}.py").write_text(text)
        migrations.upgrade(postgres_engine.dsn("migrations"), "stepped")

    return migrate


def test_a_step_waits_for_a_lock_without_making_others_wait(
    migrate: Migrate, rows: psycopg.Connection[Any], postgres_engine: AnyPostgres
) -> None:
    migrate(FIRST)
    with psycopg.connect(postgres_engine.dsn("migrations")) as reader:
        reader.execute("SELECT FROM thing")  # its lock lasts until it commits
        migrating = threading.Thread(target=migrate, args=(FIRST, ADD))
        migrating.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER%'"
        eventually_blocking(lambda: rows.execute(waits).fetchone())
        rows.execute("SET statement_timeout = '5s'")
        rows.execute("UPDATE thing SET size = size WHERE id = 1")  # behind the waiting step, for a second at most
        assert migrating.is_alive()
        reader.commit()
    migrating.join(20)
    assert rows.execute("SELECT note FROM thing WHERE id = 1").fetchone() == (None,)


def test_a_table_that_stays_locked_is_named(
    migrate: Migrate, postgres_engine: AnyPostgres, rows: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "ATTEMPTS", 2)
    migrate(FIRST)
    with psycopg.connect(postgres_engine.dsn("migrations")) as reader:
        reader.execute("SELECT FROM thing")
        with pytest.raises(Unavailable, match="stayed locked"):
            migrate(FIRST, 'op.execute("CREATE TABLE other ()")', ADD)
    assert rows.execute("SELECT version_num FROM alembic_version").fetchone() == ("2",), "earlier steps are kept"
    migrate(FIRST, 'op.execute("CREATE TABLE other ()")', ADD)
    assert rows.execute("SELECT version_num FROM alembic_version").fetchone() == ("3",)


def test_an_index_that_was_interrupted_is_built_again(migrate: Migrate, rows: psycopg.Connection[Any]) -> None:
    migrate(FIRST)
    rows.execute("UPDATE thing SET size = 7 WHERE id < 3")
    with pytest.raises(psycopg.errors.UniqueViolation):
        rows.execute("CREATE UNIQUE INDEX CONCURRENTLY thing_size ON thing (size)")
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'thing_size'::regclass"
    assert rows.execute(valid).fetchone() == (False,)
    migrate(FIRST, INDEX)
    assert rows.execute(valid).fetchone() == (True,)


def test_writes_go_on_while_an_index_is_built(
    migrate: Migrate, rows: psycopg.Connection[Any], postgres_engine: AnyPostgres
) -> None:
    migrate(FIRST)
    with psycopg.connect(postgres_engine.dsn("migrations")) as writer:
        writer.execute("UPDATE thing SET size = 0 WHERE id = 1")
        migrating = threading.Thread(target=migrate, args=(FIRST, INDEX))
        migrating.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX%'"
        eventually_blocking(lambda: rows.execute(waits).fetchone())
        rows.execute("SET statement_timeout = '1s'")
        rows.execute("UPDATE thing SET size = 0 WHERE id = 2")
        assert migrating.is_alive(), "it waits for the older transaction, longer than for a lock"
        writer.commit()
    migrating.join(20)
    assert rows.execute("SELECT to_regclass('thing_size') IS NOT NULL").fetchone() == (True,)


def test_filling_goes_on_where_it_was_interrupted(migrate: Migrate, rows: psycopg.Connection[Any]) -> None:
    migrate(FIRST)
    rows.execute("ALTER TABLE thing ADD CONSTRAINT at_most CHECK (doubled < 1000)")
    with pytest.raises(Exception, match="at_most"):
        migrate(FIRST, FILL)
    assert rows.execute("SELECT count(doubled) FROM thing").fetchone() == (400,), "whole batches are kept"
    rows.execute("ALTER TABLE thing DROP CONSTRAINT at_most")
    rows.execute("UPDATE thing SET doubled = -1 WHERE id = 1")  # to see that it is not filled a second time
    migrate(FIRST, FILL)
    assert rows.execute("SELECT count(doubled), min(doubled), max(doubled) FROM thing").fetchone() == (1000, -1, 2000)


def test_two_processes_migrate_one_after_the_other(migrate: Migrate, rows: psycopg.Connection[Any]) -> None:
    migrating = [threading.Thread(target=migrate, args=(FIRST, INDEX, ADD)) for _ in range(1)]
    rows.execute("SELECT pg_advisory_lock(%s)", [migrations.TURN])
    for each in migrating:
        each.start()
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"
    eventually_blocking(lambda: rows.execute(waits).fetchone())
    assert rows.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,)
    rows.execute("SELECT pg_advisory_unlock(%s)", [migrations.TURN])
    for each in migrating:
        each.join(20)
    assert rows.execute("SELECT version_num FROM alembic_version").fetchone() == ("3",)
