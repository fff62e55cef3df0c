"""A statement that takes too long is cancelled, and the page says what to do."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.database import STATEMENT_TIMEOUT_MESSAGE, create_engine
from services.tracking.tests.fixtures.workspace import Browser
from testkit.pages import Page
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.processes.workspace import workspace_app
from tracking.screenshots.store.pictures import PictureStore


@pytest.fixture
async def slow(
    environment: dict[str, str],
    dispatch: AsyncEngine,
    directory: AccessDirectory,
    sync: AccessSync,
    pictures: PictureStore,
) -> AsyncIterator[FastAPI]:
    """The workspace over a database in which every transaction begins with a minute's work."""
    engine = create_engine(environment["TRACKING_DATABASE_URL"], name="slow-pages", statement_timeout=0.05)

    def dawdle(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(60)")

    event.listen(engine.sync_engine, "begin", dawdle)
    yield workspace_app(engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False)
    await engine.dispose()


@pytest.mark.parametrize("path", ["/team", "/reports/monthly", "/reports/use.csv"])
async def test_a_page_that_takes_too_long_says_so(slow: FastAPI, admin: Browser, path: str) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(slow), base_url="http://workspace", cookies=admin.http.cookies
    ) as browser:
        reply = await browser.get(path)
    assert reply.status_code == 503
    assert STATEMENT_TIMEOUT_MESSAGE in Page(reply.text).text
    assert int(reply.headers["retry-after"]) > 1


async def test_the_workspaces_own_statements_have_a_limit_and_workers_have_none(
    engine: AsyncEngine, environment: dict[str, str]
) -> None:
    pages = create_engine(environment["TRACKING_DATABASE_URL"], name="limited", statement_timeout=15)
    for found, limit in ((pages, "15s"), (engine, "0")):
        async with found.connect() as connection:
            assert (await connection.exec_driver_sql("SHOW statement_timeout")).scalar_one() == limit
    await pages.dispose()
