"""The roles that work across companies: the ingest writer reads keys alone, the dispatcher only which companies have
work.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg.errors
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import ReadRows
from tracking.db.store.scope import companies_scope, company_scope
from tracking.devices.store import key_use
from tracking.sessions.store import heartbeats
from tracking.totals.store import fold_queue

Two = tuple[UUID, UUID]

RIGHTS = text("""
    SELECT c.relname, p.privilege FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE',
        'REFERENCES', 'TRIGGER']) p (privilege)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND has_table_privilege(:role, c.oid, p.privilege)
""")
READABLE = text("""
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
      AND has_column_privilege(:role, c.oid, a.attnum, 'SELECT') AND NOT has_table_privilege(:role, c.oid, 'SELECT')
""")


async def granted(superuser: AsyncEngine, role: str) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Rights on whole tables, and single columns that may be read."""
    found: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    async with superuser.connect() as connection:
        for statement, rights in zip((RIGHTS, READABLE), found, strict=True):
            for table, right in await connection.execute(statement, {"role": role}):
                rights.setdefault(table, set()).add(right)
    return found


async def assert_denied(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with engine.begin() as tx:
            await tx.execute(text(statement))


async def test_what_the_writer_may(superuser: AsyncEngine) -> None:
    keys = {"company_id", "record_id"}
    assert await granted(superuser, "tracking_ingest") == (
        {"usage_record": {"INSERT"}, "fold_queue": {"INSERT"}, "quarantine": {"INSERT"}},
        {"usage_record": {*keys, "employee_id"}, "quarantine": keys, "employee": {"company_id", "employee_id"}},
    )


async def test_what_the_dispatcher_may(superuser: AsyncEngine) -> None:
    assert await granted(superuser, "tracking_dispatch") == (
        {"outbox": {"SELECT", "UPDATE", "DELETE"}},
        {
            "fold_queue": {"company_id", "entry_id"},
            "employee": {"company_id", "email_digest"},
            "work_session": {"company_id", "last_seen_at", "ended_at", "deleted_at"},
            "screenshot": {"company_id", "captured_at", "removed_at"},
            "screenshot_retention": {"company_id", "days", "next_days", "shortened_at"},
            "company": {"company_id", "time_zone"},
        },
    )


async def test_what_the_folder_may(superuser: AsyncEngine) -> None:
    kept = {"SELECT", "INSERT", "UPDATE"}
    assert await granted(superuser, "tracking_fold") == (
        {
            "storage_use": {"SELECT"},
            "fold_queue": {"SELECT", "DELETE"},
            "activity": {"INSERT"},
            "device_hour": kept,
            "employee_day": kept,
            "company_day": kept,
            "outbox": kept,
        },
        {
            "company": {"company_id", "time_zone", "feed_revision"},
            "employee": {"company_id", "employee_id", "active"},
            "activity": {"company_id", "employee_id", "record_id", "entry_id"},
            "device": {"company_id", "device_id", "employee_id"},
        },
    )


async def test_what_heartbeats_may(superuser: AsyncEngine) -> None:
    assert await granted(superuser, "tracking_heartbeat") == (
        {"key_use": {"SELECT", "INSERT", "UPDATE"}},
        {
            "work_session": {
                *("company_id", "number", "session_id", "device_id", "last_seen_at", "ended_at", "ended_by"),
            },
            "device": {"company_id", "device_id", "key_digest", "last_seen_at", "revoked_at"},
        },
    )


async def test_the_serving_role_may_not_rewrite_history(superuser: AsyncEngine) -> None:
    rights, _columns = await granted(superuser, "tracking_app")
    assert rights["activity"] == {"SELECT", "INSERT"}
    assert "UPDATE" not in rights["usage_record"] | rights["quarantine"]
    assert {table for table in rights if "DELETE" in rights[table]} == {
        *("fold_queue", "known_place", "sign_in_attempt", "sign_in_choice", "task", "workspace_session"),
        *("form_submission", "shown_once", "password_reset", "password_reset_request", "mail"),
    }
    assert not any({"TRUNCATE", "REFERENCES", "TRIGGER"} & rights[table] for table in rights)


async def test_the_serving_role_may_empty_what_was_in_use_and_no_more(superuser: AsyncEngine) -> None:
    """Of a deleted session; keys, people and moments of raw rows stay as they came."""
    changeable = text("""
        SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relname IN ('usage_record', 'activity', 'quarantine') AND a.attnum > 0
          AND has_column_privilege('tracking_app', c.oid, a.attnum, 'UPDATE')
    """)
    async with superuser.connect() as connection:
        found = {tuple(row) for row in await connection.execute(changeable)}
    assert found == {("usage_record", "seconds"), ("usage_record", "name"), ("usage_record", "detail")}


async def test_neither_reads_a_companys_rows(
    ingest: AsyncEngine, dispatch: AsyncEngine, two_companies: Two, table: str
) -> None:
    assert two_companies
    for engine in (ingest, dispatch):
        if engine is dispatch and table == "outbox":
            continue  # it publishes numbers, as the feed's tests show
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(text(f"SELECT * FROM {table}"))


async def test_the_owner_sees_no_row_either(owner: AsyncEngine, two_companies: Two, table: str) -> None:
    assert two_companies
    async with owner.connect() as connection:
        assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


INSERTS = {
    "usage_record": """
        INSERT INTO usage_record (company_id, record_id, employee_id, kind, at, seconds, name, detail)
        VALUES (:company, :id, :employee, 'a', now(), 1, 'Editor', '')
    """,
    "quarantine": """
        INSERT INTO quarantine (company_id, record_id, employee_id, reason, payload)
        VALUES (:company, :id, :employee, 'because', 'row')
    """,
    "fold_queue": """
        INSERT INTO fold_queue (company_id, record_id, employee_id, kind, at)
        VALUES (:company, :id, :employee, 'A', now())
    """,
}


@pytest.mark.parametrize("target", INSERTS)
async def test_the_writer_files_rows_under_the_companys_own_people_alone(
    ingest: AsyncEngine, two_companies: Two, stored: ReadRows, target: str
) -> None:
    mine, theirs = two_companies
    people = {company: (await stored("employee", company))[0]["employee_id"] for company in two_companies}
    async with ingest.connect() as connection:
        values = {"company": mine, "id": new_id(), "employee": people[mine]}
        await connection.execute(text(INSERTS[target]), values)
        await connection.rollback()
        with pytest.raises(IntegrityError) as refused:
            await connection.execute(text(INSERTS[target]), values | {"employee": people[theirs]})
        assert isinstance(refused.value.orig, psycopg.errors.ForeignKeyViolation)


async def test_one_row_of_anothers_spoils_the_whole_statement(
    ingest: AsyncEngine, two_companies: Two, stored: ReadRows
) -> None:
    mine, theirs = two_companies
    people = [(company, (await stored("employee", company))[0]["employee_id"]) for company in two_companies]
    rows = [(mine, new_id(), people[0][1]), (theirs, new_id(), people[1][1]), (mine, new_id(), people[1][1])]
    statement = text("""
        INSERT INTO usage_record (company_id, record_id, employee_id, kind, at, seconds, name, detail)
        SELECT company, id, employee, 'a', now(), 1, 'Editor', ''
        FROM unnest(CAST(:companies AS uuid[]), CAST(:ids AS uuid[]), CAST(:people AS uuid[])) r (company, id, employee)
    """)
    async with ingest.connect() as connection:
        for accepted in (rows[:2], rows):
            companies, ids, employees = (list(column) for column in zip(*accepted, strict=True))
            values = {"companies": companies, "ids": ids, "people": employees}
            with nullcontext() if accepted is not rows else pytest.raises(IntegrityError, match="does not have"):
                await connection.execute(statement, values)
            await connection.rollback()


async def test_the_queue_takes_nothing_of_a_company_that_there_is_not(engine: AsyncEngine, two_companies: Two) -> None:
    for company_id in (two_companies[0], new_id()):
        is_there = company_id in two_companies
        with nullcontext() if is_there else pytest.raises(IntegrityError, match="a company that there is not"):
            async with company_scope(engine, company_id) as tx:
                about: dict[str, Any] = {"kind": fold_queue.LEVELS, "at": datetime.now(UTC), "employee_id": None}
                await fold_queue.append(tx, company_id, **about)


@pytest.mark.parametrize("target", INSERTS)
@pytest.mark.parametrize("statement", ["UPDATE {} SET kind = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_writer_changes_nothing(ingest: AsyncEngine, target: str, statement: str) -> None:
    if target == "quarantine":
        statement = statement.replace("kind", "reason")
    await assert_denied(ingest, statement.format(target))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM fold_queue",
        "UPDATE work_session SET ended_at = now()",
        "UPDATE employee SET email_digest = ''",
        "INSERT INTO outbox (id, subject, event_type, payload) VALUES (uuidv7(), '', '', '')",
        "SELECT name FROM employee",
        "SELECT at, kind, employee_id FROM fold_queue",
    ],
)
async def test_the_dispatcher_changes_nothing_but_the_outbox(dispatch: AsyncEngine, statement: str) -> None:
    await assert_denied(dispatch, statement)


HEARD = ("device", "work_session", "key_use")


@pytest.mark.parametrize("target", HEARD)
async def test_heartbeats_are_of_the_named_companies_alone(
    heartbeat: AsyncEngine, two_companies: Two, target: str
) -> None:
    mine, theirs = two_companies
    read = text(f"SELECT DISTINCT company_id FROM {target}")
    async with heartbeat.connect() as connection:
        assert (await connection.execute(read)).all() == [], "none was named"
    async with companies_scope(heartbeat, [mine]) as tx:
        assert [row.company_id for row in await tx.execute(read)] == [mine]
    async with companies_scope(heartbeat, [mine, theirs]) as tx:
        assert {row.company_id for row in await tx.execute(read)} == {mine, theirs}


async def test_a_heartbeat_of_a_company_that_was_not_named_changes_nothing(
    heartbeat: AsyncEngine, two_companies: Two, stored: ReadRows
) -> None:
    mine, theirs = two_companies
    later = datetime.now(UTC) + timedelta(hours=1)
    before = {target: await stored(target, theirs) for target in HEARD}
    async with companies_scope(heartbeat, [mine]) as tx:
        await heartbeats.saw_sessions(tx, [(theirs, row["number"], later) for row in before["work_session"]])
        running = [(theirs, row["session_id"], row["device_id"], later) for row in before["work_session"]]
        await heartbeats.saw_running(tx, running)
    calls = [(theirs, row["device_id"], b"other", later) for row in before["device"]]
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with companies_scope(heartbeat, [mine]) as tx:
            await key_use.saw_devices(tx, calls)
    assert {target: await stored(target, theirs) for target in HEARD} == before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT employee_id FROM device",
        "SELECT token_digest FROM device",
        "SELECT started_at FROM work_session",
        "UPDATE device SET revoked_at = NULL",
        "UPDATE work_session SET started_at = now()",
        "DELETE FROM key_use",
        "SELECT * FROM employee",
    ],
)
async def test_heartbeats_tell_and_change_nothing_else(heartbeat: AsyncEngine, statement: str) -> None:
    await assert_denied(heartbeat, statement)
