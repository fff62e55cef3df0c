"""The serving role sees nothing without a company scope, and only that company's rows with one."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import psycopg.errors
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.db.store.scope import company_scope

Two = tuple[UUID, UUID]
REFUSED = r"permission denied|row-level security"


async def companies_in(tx: AsyncConnection, table: str) -> set[UUID]:
    return set((await tx.execute(text(f"SELECT company_id FROM {table}"))).scalars())


async def refused(tx: AsyncConnection, statement: str, **values: object) -> bool:
    """Whether the statement touches no row: it is forbidden, or finds none."""
    try:
        async with tx.begin_nested():
            return (await tx.execute(text(statement), values)).rowcount == 0
    except ProgrammingError as error:
        assert isinstance(error.orig, psycopg.errors.InsufficientPrivilege)  # noqa: PT017 - one of two good answers
        return True


async def test_without_a_company_there_is_nothing(engine: AsyncEngine, two_companies: Two, table: str) -> None:
    assert two_companies
    async with engine.begin() as tx:
        assert await companies_in(tx, table) == set()
        assert await refused(tx, f"UPDATE {table} SET company_id = company_id")
        assert await refused(tx, f"DELETE FROM {table}")


async def test_with_a_company_there_are_its_rows_alone(engine: AsyncEngine, two_companies: Two, table: str) -> None:
    for company in two_companies:
        async with company_scope(engine, company) as tx:
            assert await companies_in(tx, table) == {company}
    async with company_scope(engine, uuid4()) as tx:
        assert await companies_in(tx, table) == set()


async def test_the_company_ends_with_the_transaction(engine: AsyncEngine, two_companies: Two) -> None:
    async with engine.connect() as connection:
        for end in (connection.commit, connection.rollback):
            statement = text("SELECT set_config('app.company_id', :id, true)")
            await connection.execute(statement, {"id": str(two_companies[0])})
            assert await companies_in(connection, "employee") == {two_companies[0]}
            await end()
            assert await companies_in(connection, "employee") == set()
            await connection.rollback()


async def test_another_companys_rows_cannot_be_touched(engine: AsyncEngine, two_companies: Two, table: str) -> None:
    mine, theirs = two_companies
    async with company_scope(engine, mine) as tx:
        assert await refused(tx, f"UPDATE {table} SET company_id = company_id WHERE company_id = :id", id=theirs)
        assert await refused(tx, f"DELETE FROM {table} WHERE company_id = :id", id=theirs)


async def test_rows_cannot_be_given_to_another_company(engine: AsyncEngine, two_companies: Two, table: str) -> None:
    mine, theirs = two_companies
    with pytest.raises(ProgrammingError, match=REFUSED):
        async with company_scope(engine, mine) as tx:
            await tx.execute(text(f"UPDATE {table} SET company_id = :id"), {"id": theirs})


async def test_rows_cannot_be_put_into_another_company(
    engine: AsyncEngine, two_companies: Two, row_of: Callable[[str, UUID], Awaitable[tuple[str, str]]], table: str
) -> None:
    mine, theirs = two_companies
    row, columns = await row_of(table, theirs)
    copied = f"jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb))"
    statement = text(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {copied}")
    with pytest.raises(ProgrammingError, match=REFUSED):
        async with company_scope(engine, mine) as tx:
            await tx.execute(statement, {"row": row})


@pytest.mark.parametrize(
    "statement",
    [
        "SET row_security = off; SELECT company_id FROM employee",
        "SET ROLE tracking_owner",
        "SET ROLE tracking_ingest",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER TABLE employee DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_company ON employee",
        "CREATE TABLE copy (name text)",
        "CREATE VIEW all_people AS SELECT * FROM employee",
        "TRUNCATE employee CASCADE",
        "COPY employee TO STDOUT",
        "COPY usage_record FROM STDIN",
        "SELECT * FROM alembic_version",
    ],
)
async def test_there_is_no_way_around(engine: AsyncEngine, two_companies: Two, statement: str) -> None:
    assert two_companies
    async with engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        if statement.startswith("COPY employee TO"):
            async with raw.cursor() as cursor, cursor.copy(statement) as copy:
                assert [row async for row in copy] == []
        else:
            with pytest.raises(psycopg.errors.Error) as refusal:
                await raw.execute(statement)
            assert refusal.value.sqlstate in {"42501", "0A000"}
        await connection.invalidate()


async def test_a_setting_that_is_no_id_opens_nothing(engine: AsyncEngine, two_companies: Two) -> None:
    for value in ("%", "' OR true", f"{two_companies[0]},{two_companies[1]}"):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT set_config('app.company_id', :value, true)"), {"value": value})
            with pytest.raises(DBAPIError, match="invalid input syntax for type uuid"):
                await companies_in(connection, "employee")
