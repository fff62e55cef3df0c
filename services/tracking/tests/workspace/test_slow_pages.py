"""A statement that takes too long is cancelled, and the page says what to do."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.database import STATEMENT_TIMEOUT_MESSAGE, create_engine
from tracking.processes.workspace import workspace_app


@pytest.fixture
async def slow(environment, dispatch, directory, sync, pictures) -> AsyncIterator[FastAPI]:
    """The workspace over a database in which every transaction begins with a minute's work."""
    engine = create_engine(environment["TRACKING_DATABASE_URL"], name="slow-pages", statement_timeout=0.05)

    def dawdle(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(60)")

    event.listen(engine.sync_engine, "begin", dawdle)
    yield workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    await engine.dispose()


@pytest.mark.parametrize("path", ["/team", "/reports/monthly", "/reports/use.csv"])
async def test_a_page_that_takes_too_long_says_so(slow: FastAPI, admin, path: str) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(slow), base_url="http://workspace", cookies=admin.http.cookies
    ) as browser:
        page = await browser.get(path)
    assert page.status_code == 503
    assert STATEMENT_TIMEOUT_MESSAGE in page.text
    assert int(page.headers["retry-after"]) > 1


async def test_the_workspaces_own_statements_have_a_limit_and_workers_have_none(
    engine: AsyncEngine, environment
) -> None:
    pages = create_engine(environment["TRACKING_DATABASE_URL"], name="limited", statement_timeout=15)
    for found, limit in ((pages, "15s"), (engine, "0")):
        async with found.connect() as connection:
            assert (await connection.exec_driver_sql("SHOW statement_timeout")).scalar_one() == limit
    await pages.dispose()
