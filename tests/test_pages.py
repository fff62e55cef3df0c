"""The pages in a real browser: what the owner and a company's people see, click and type."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.platform.company import Company, Found
from tests.platform.desktops import at_work
from tests.platform.running import Running
from tests.platform.waiting import eventually

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
WIDE = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
NARROW = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium that is named in CHROMIUM or found on PATH; none is downloaded."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser: set CHROMIUM to one, or install one of {', '.join(NAMES)}")
    async with async_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium has none for root
        browser = await playwright.chromium.launch(executable_path=path, args=sandbox)
        yield browser
        await browser.close()


@pytest.fixture
def problems() -> list[str]:
    """What pages have logged as errors; a test takes out what it caused on purpose."""
    return []


@pytest.fixture
async def context(browser: Browser, problems: list[str]) -> AsyncIterator[BrowserContext]:
    """A fresh profile. The test fails when a page logs an error or a script breaks."""
    context = await browser.new_context(**WIDE)
    context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context
    await context.close()
    assert problems == []


@pytest.fixture
async def page(context: BrowserContext, running: Running) -> Page:
    """The dashboard, its owner signed in by keyboard alone."""
    secrets = running.platform.secrets
    page = await context.new_page()
    await page.goto(f"{running.portal}/owner/dashboard/")
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type(secrets.owner_email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(secrets.owner_password)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Sign in")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    return page


async def shoot(page: Page, name: str) -> None:
    """Saves the page as it is on a wide light and on a narrow dark screen; nothing sticks out sideways."""
    ARTIFACTS.mkdir(exist_ok=True)
    for look, kind in ((WIDE, "wide-light"), (NARROW, "narrow-dark")):
        await page.set_viewport_size(look["viewport"])
        await page.emulate_media(color_scheme=look["color_scheme"])
        await page.screenshot(path=ARTIFACTS / f"{name}-{kind}.png", full_page=True)
        sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(sideways) <= 0, f"{name} is wider than a {kind} screen"
    await page.set_viewport_size(WIDE["viewport"])
    await page.emulate_media(color_scheme="light")


async def open_company(page: Page, company: Company) -> None:
    await page.get_by_role("link", name=company.name, exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(company.name)


async def test_a_stranger_gets_to_the_login(context: BrowserContext, running: Running) -> None:
    page = await context.new_page()
    await page.goto(f"{running.portal}/owner/dashboard/")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await shoot(page, "owner-login")


async def test_the_dashboard_lives(page: Page, found_company: Found) -> None:
    company = await found_company("Yarrow")
    desktop = await at_work(company, company.people[0], hours=3)
    await page.reload()
    minutes = page.locator(f'[data-company="{company.id}"] [data-cell="minutes"]')
    await expect(minutes).to_have_text("0")
    await page.evaluate("window.sameDocument = true")
    desktop.tick(5400)
    assert (await desktop.upload()).ok
    await expect(minutes).to_have_text("90", timeout=15_000)
    assert await page.evaluate("window.sameDocument"), "the page was not loaded again"
    await shoot(page, "owner-dashboard")
    await open_company(page, company)
    await shoot(page, "owner-company")


async def test_a_new_companys_key_is_shown_once(page: Page, problems: list[str]) -> None:
    await page.get_by_role("link", name="New company").first.click()
    await page.get_by_label("Company name").fill("Zinnia")
    await page.get_by_label("E-mail").fill("office@zinnia.example")
    await shoot(page, "owner-create")
    await page.get_by_role("button", name="Create company").click()
    key = (await page.locator("#key").inner_text()).strip()
    assert re.fullmatch(r"company_[0-9a-f]{32}", key)
    await shoot(page, "owner-key")
    await page.reload()  # sends the form again: the name is taken by now
    await expect(page.get_by_label("Company name")).to_have_attribute("aria-invalid", "true")
    assert key not in await page.content()
    assert [problem for problem in problems if "409" not in problem] == []
    problems.clear()
    await page.goto(f"{page.url.partition('/owner/')[0]}/owner/dashboard/")
    await page.get_by_role("link", name="Zinnia", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Zinnia")
    assert key not in await page.content()


async def test_suspending_and_reactivating_by_clicking(page: Page, found_company: Found) -> None:
    company = await found_company("Aster")
    desktop = await at_work(company, company.people[0])
    await page.reload()
    await open_company(page, company)
    await page.locator("#suspend-reason").fill("The invoice is open")
    await page.get_by_role("button", name="Suspend Aster").click()
    await expect(page.locator('[data-cell="status"]')).to_have_text("Suspended")
    await shoot(page, "owner-suspended")
    await eventually(desktop.poll_session, lambda tracks: not tracks)
    await page.get_by_role("button", name="Reactivate Aster").click()
    await expect(page.locator('[data-cell="status"]')).to_have_text("Trial")
    await eventually(desktop.start)


async def test_the_workspace_shows_the_team(context: BrowserContext, running: Running, found_company: Found) -> None:
    company = await found_company("Bryony", people=2)
    desktop = await at_work(company, company.people[1])
    desktop.tick(5)
    await desktop.upload()
    page = await context.new_page()
    await page.goto(f"{running.workspace}/login")
    await shoot(page, "workspace-login")
    await page.get_by_label("E-mail").fill(company.admin.email)
    await page.get_by_label("Password").fill(company.admin.password)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Team").click()
    for person in (company.admin, *company.people):
        await expect(page.get_by_role("cell", name=person.email)).to_be_visible()
    await shoot(page, "workspace-team")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
