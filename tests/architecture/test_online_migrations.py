"""`make check` refuses migrations that cannot run while the services do."""

from pathlib import Path

import pytest

from tests.architecture.test_supply_chain import load


@pytest.mark.parametrize(
    "step",
    [
        "CREATE INDEX thing_size ON thing (size);",
        "ALTER TABLE thing ADD COLUMN size integer NOT NULL;",
        "ALTER TABLE thing RENAME COLUMN size TO length;",
        "ALTER TABLE thing DROP COLUMN size;",
        "ALTER TABLE thing ALTER COLUMN size TYPE bigint;",
        "ALTER TABLE thing ADD CONSTRAINT positive CHECK (size > 0);",
    ],
)
def test_a_step_that_blocks_or_breaks_the_running_release_is_caught(step: str, tmp_path: Path) -> None:
    sql = tmp_path / "step.sql"
    sql.write_text(f"SET lock_timeout = '1s';\nBEGIN;\n{step}\nCOMMIT;\n")
    assert not load("migrations").lint(sql)


def test_the_steps_since_the_first_release_are_rendered() -> None:
    sql = load("migrations").render("tracking", "0021")
    assert "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS work_session_running" in sql
    assert load("migrations").render("billing", "0005") == ""
