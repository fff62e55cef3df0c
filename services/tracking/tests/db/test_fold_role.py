"""The fold role sees only the companies that its transaction names, and folds only those."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.database import create_engine
from services.tracking.tests.fixtures.platform import NewTenant
from tracking.checking.use_cases.reconcile import reconcile
from tracking.db.store.scope import companies_scope, company_scope
from tracking.publishing.messages import company_month_event
from tracking.totals.use_cases import fold_companies

Two = tuple[UUID, UUID]

READABLE = ("company_day", "device_hour", "employee_day", "fold_queue", "outbox")


@pytest.fixture
async def folder(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(environment["TRACKING_FOLD_DATABASE_URL"], name="isolation-tests", pool_size=1)
    yield engine
    await engine.dispose()


async def companies_in(tx: AsyncConnection, table: str) -> set[UUID]:
    return set((await tx.execute(text(f"SELECT company_id FROM {table}"))).scalars())


@pytest.mark.parametrize("name", READABLE)
async def test_it_sees_the_companies_it_names(folder: AsyncEngine, two_companies: Two, name: str) -> None:
    for named in ((), two_companies[:1], two_companies):
        async with companies_scope(folder, named) as tx:
            assert await companies_in(tx, name) == set(named)
    async with company_scope(folder, two_companies[0]) as tx:
        assert await companies_in(tx, name) == set(), "it has no company of its own"


async def test_it_writes_for_no_other_company(
    folder: AsyncEngine, two_companies: Two, row_of: Callable[[str, UUID], Awaitable[tuple[str, str]]]
) -> None:
    mine, theirs = two_companies
    row, columns = await row_of("employee_day", theirs)
    copied = "jsonb_populate_record(NULL::employee_day, CAST(:row AS jsonb))"
    statement = text(f"INSERT INTO employee_day ({columns}) SELECT {columns} FROM {copied}")
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with companies_scope(folder, [mine]) as tx:
            await tx.execute(statement, {"row": row})
    async with companies_scope(folder, [mine]) as tx:
        changed = await tx.execute(text("UPDATE company SET feed_revision = 9 WHERE company_id = :id"), {"id": theirs})
        assert changed.rowcount == 0


async def test_names_that_are_no_ids_open_nothing(folder: AsyncEngine, two_companies: Two) -> None:
    assert two_companies
    for value in ("%", "' OR true", "{%}"):
        async with folder.connect() as connection:
            await connection.execute(text("SELECT set_config('app.company_ids', :value, true)"), {"value": value})
            with pytest.raises(DBAPIError, match=r"malformed array literal|invalid input syntax for type uuid"):
                await companies_in(connection, "employee_day")


async def test_it_folds_some_at_once_and_leaves_who_is_held(
    folder: AsyncEngine, engine: AsyncEngine, new_tenant: NewTenant
) -> None:
    both = held, free = [(await new_tenant()).company_id for _ in range(2)]  # their levels wait to be announced
    async with company_scope(engine, held) as tx:
        await tx.execute(text("SELECT 1 FROM company FOR NO KEY UPDATE"))
        assert not await fold_companies(folder, both, company_month_event)
        async with companies_scope(folder, both) as other:
            assert await companies_in(other, "fold_queue") == {held}
    assert not await fold_companies(folder, both, company_month_event)
    async with companies_scope(folder, both) as other:
        assert await companies_in(other, "fold_queue") == set()
    for company_id in (held, free):
        assert (await reconcile(engine, company_id, company_month_event)).differences == []
