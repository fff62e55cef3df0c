"""Fixtures with a real browser: Chromium from CHROMIUM or PATH. A missing browser is a failure, not a skip."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.platform.owner import Owner
from tests.platform.running import Running
from tests.platform.screen import WIDE

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"no browser: set CHROMIUM to one, or install one of {', '.join(NAMES)}"
    async with async_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium has none for root
        browser = await playwright.chromium.launch(executable_path=path, args=sandbox)
        yield browser
        await browser.close()


@pytest.fixture
def problems() -> list[str]:
    """The errors that pages have logged; a test removes those it caused on purpose."""
    return []


@pytest.fixture
async def context(browser: Browser, problems: list[str]) -> AsyncIterator[BrowserContext]:
    """A new profile. The test fails if a page logs an error or a script fails."""
    context = await browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, locale="en-GB")
    context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context
    await context.close()
    assert problems == []


@pytest.fixture
async def page(context: BrowserContext, running: Running, owner: Owner) -> Page:
    """A page with a signed-in owner."""
    cookies = [(cookie.name, cookie.value or "") for cookie in owner.http.cookies.jar]
    await context.add_cookies([{"name": name, "value": value, "url": running.portal} for name, value in cookies])
    return await context.new_page()


Open = Callable[[str], Awaitable[Page]]
"""Opens a path of the portal."""


@pytest.fixture
def to(page: Page, running: Running) -> Open:
    async def go(path: str) -> Page:
        await page.goto(f"{running.portal}{path}")
        return page

    return go
