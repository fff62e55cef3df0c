"""A statement that takes too long is stopped, and the page says what to do."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from owner_portal.app import create_app
from owner_portal.web.portal import Portal
from servicekit.database import STATEMENT_TIMEOUT_MESSAGE, create_engine
from testkit.pages import Page


@pytest.fixture
async def slow(environment: dict[str, str], portal: Portal, owner: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The owner's browser at a portal in whose database every transaction begins with a minute's work."""
    engine = create_engine(environment["PORTAL_DATABASE_URL"], name="slow-pages", statement_timeout=0.05)

    def dawdle(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(60)")

    event.listen(engine.sync_engine, "begin", dawdle)
    transport = httpx.ASGITransport(create_app(replace(portal, engine=engine)), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url=str(owner.browser.base_url), cookies=owner.browser.cookies
    ) as browser:
        yield browser
    await engine.dispose()


async def test_a_page_that_takes_too_long_says_so(slow: httpx.AsyncClient) -> None:
    page = await slow.get("/owner/dashboard/", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert STATEMENT_TIMEOUT_MESSAGE in Page(page.text).text
    assert "refresh" not in page.headers, "the same page would only take too long again"
    assert int(page.headers["retry-after"]) > 1
    answer = await slow.get("/owner/dashboard/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (503, "took_too_long")
