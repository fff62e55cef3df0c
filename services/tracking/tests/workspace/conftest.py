"""The workspace's pages in this process, and browsers that keep cookies."""

import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.processes.workspace import workspace_app
from tracking.screenshots.store.pictures import PictureStore

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
ROW, CELL, TAG = (
    re.compile(r"<tr\b.*?</tr>", re.DOTALL),
    re.compile(r"<t([hd])\b.*?</t\1>", re.DOTALL),
    re.compile(r"<[^>]+>"),
)


class Browser:
    """Somebody's browser."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def see(self, path: str) -> httpx.Response:
        return await self.http.get(path)

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        """A form as a page of this session has it, with its hidden fields; `fields` replace the page's own."""
        found = TOKEN.search((await self.http.get("/")).text)
        token = {"csrf_token": found.group(1)} if found else {}
        return await self.post(path, **token | await self.hidden(path) | fields)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """A form as it is, from a page of the workspace."""
        return await self.http.post(path, data=fields, headers={"Origin": "http://workspace"})

    async def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the form for that address: on its own page, or on the one above it."""
        for page in (path, path.rpartition("/")[0], f"{path.rpartition('/')[0]}/account"):
            form = f'action="{path}"'
            _, _, rest = (await self.http.get(page)).text.partition(form) if page else ("", "", "")
            if rest:
                return {name: html.unescape(value) for name, value in HIDDEN.findall(rest.partition("</form>")[0])}
        return {"version": "1"}  # whoever may not see the form writes one of their own

    async def sign_in(self, email: str, password: str = "open sesame tonight") -> httpx.Response:
        return await self.http.post("/login", data={"email": email, "password": password})


@pytest.fixture(scope="session")
def rows_of() -> Callable[[str], list[list[str]]]:
    """`rows_of(page)`: what its tables' cells say, row by row."""

    def rows_of(page: str) -> list[list[str]]:
        return [
            [" ".join(html.unescape(TAG.sub(" ", cell[0])).split()) for cell in CELL.finditer(row)]
            for row in ROW.findall(page)
        ]

    return rows_of


@pytest.fixture(scope="session")
def app(
    engine: AsyncEngine, dispatch: AsyncEngine, directory: AccessDirectory, sync: AccessSync, pictures: PictureStore
) -> FastAPI:
    return workspace_app(
        engine, dispatch, directory, sync, health=[], pictures=pictures, cookie_secure=False, sends_mail=True
    )


@pytest.fixture
async def open_browser(app: FastAPI) -> AsyncIterator[Callable[[], Browser]]:
    """`open_browser()` has no cookie yet."""
    async with AsyncExitStack() as stack:

        def open_browser() -> Browser:
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://workspace")
            stack.push_async_callback(http.aclose)
            return Browser(http)

        yield open_browser


@pytest.fixture(scope="module")
async def tenant(new_tenant) -> Any:
    """A company of this module, with two employees."""
    return await new_tenant(people=2)


@pytest.fixture
async def admin(open_browser: Callable[[], Browser], tenant: Any) -> Browser:
    browser = open_browser()
    assert (await browser.sign_in(tenant.admin)).status_code == 303
    return browser


@pytest.fixture
async def employee(open_browser: Callable[[], Browser], tenant: Any) -> Browser:
    browser = open_browser()
    assert (await browser.sign_in(tenant.people[0])).status_code == 303
    return browser
