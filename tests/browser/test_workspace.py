"""The pages of the workspace, as seen by an admin, an employee and a new company."""

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any, cast

from PIL import Image
from playwright.async_api import BrowserContext, Page, expect

from tests.platform.company import Company, Found, Person
from tests.platform.desktops import at_work, now, uploaded
from tests.platform.numbers import settled
from tests.platform.running import Running
from tests.platform.screen import press, shoot
from tracker_client import Desktop, Window, stamp
from tracking.processes.workspace import workspace_app

AT_THE_DOOR = {"login": "/login", "setup": "/setup", "forgot": "/forgot", "reset": "/reset"}
EVERYONES = {
    "home": "/",
    "sessions": "/sessions",
    "sessions-of-a-day": "/sessions?day=2026-01-01",
    "session": "/sessions/{session}",
    "report-of-the-day": "/reports",
    "report-of-the-month": "/reports/monthly",
    "report-of-use": "/reports/use",
    "screenshots": "/screenshots",
    "tasks": "/tasks",
    "account": "/account",
}
ADMINS = EVERYONES | {
    "team": "/team",
    "person": "/team/{person}",
    "person-account": "/team/{person}/account",
    "person-screenshots": "/team/{person}/screenshots",
    "task": "/tasks/{task}",
    "session-delete": "/sessions/{session}/delete",
    "settings": "/settings",
}
BEGINNERS = {name: path for name, path in ADMINS.items() if "{" not in path}
VARIABLE = re.compile(r"\{\w+\}")
NO_PAGES = {
    "/brand.css",
    "/screenshots/{screenshot_id}",
    "/screenshots/{screenshot_id}/thumbnail",
    "/team/{number}/password/{shown_id}",  # shows a new password once
}


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (640, 360), "teal").save(file, "PNG")
    return file.getvalue()


async def worked(company: Company) -> Desktop:
    """Records two hours of the first employee, active and idle, with windows, a screenshot and a quarantined row."""
    desktop = await at_work(company, company.people[0], hours=2)
    desktop.tick(4000, window=Window("Editor", "Letter"))
    desktop.tick(900, "INACTIVE")
    desktop.tick(2000, window=Window("Browser", "Map", browser=True, domain="map.example", url="https://map.example"))
    desktop.tick(60, window=Window("Mail", "Inbox"))
    await desktop.poll_config()
    desktop.capture(picture())
    assert (await uploaded(desktop)).code == 200
    assert await desktop.upload_screenshots() == 1
    assert desktop.account is not None
    impossible = {"minute_type": "ACTIVE", "duration_seconds": 0, "created_at": stamp(now())}
    body = {
        "active_token": desktop.account.token,
        "work_session_id": desktop.session_id,
        "activities": [impossible],
    }
    assert (await desktop.client.post("upload/employee-activity", body)).ok
    await settled(company.running, company.id)
    return desktop


async def sign_in(page: Page, running: Running, person: Person) -> None:
    await page.goto(f"{running.workspace}/login")
    await page.get_by_label("E-mail").fill(person.email)
    await page.get_by_label("Password").fill(person.password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("My work")


async def look_at(page: Page, running: Running, who: str, paths: Mapping[str, str], **numbers: object) -> None:
    """Checks that each page exists, has its title, and looks right."""
    titles = set()
    for name, path in paths.items():
        answer = await page.goto(running.workspace + path.format(**numbers))
        assert answer is not None
        assert answer.ok, path
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        titles.add(await page.title())
        await shoot(page, f"workspace-{who}-{name}")
    assert len(titles) >= len(paths) - 1, "a title says which page it is; the sessions have two pages here"


async def test_every_page_looks_right(
    context: BrowserContext, running: Running, found_company: Found, problems: list[str]
) -> None:
    company = await found_company("Bryony", people=2)
    desktop = await worked(company)
    assert desktop.account is not None
    await company.give_task(desktop.account.id, "Order monitors", "Two, as large as the desk takes. " * 8)
    task = str((await company.page("/tasks")).one("td a[href^='/tasks/']")["href"]).removeprefix("/tasks/")
    numbers = {"person": desktop.account.id, "session": desktop.session_id, "task": task}

    page = await context.new_page()
    await look_at(page, running, "stranger", AT_THE_DOOR)
    await sign_in(page, running, company.admin)
    await look_at(page, running, "admin", ADMINS, **numbers)
    await page.goto(f"{running.workspace}/team")
    for person in (company.admin, *company.people):
        await expect(page.get_by_role("rowheader", name=person.email)).to_be_visible()
    await expect(page.get_by_text("1 row was rejected because the duration is zero").first).to_be_visible()
    await press(page, "Sign out")
    await sign_in(page, running, company.people[0])
    await look_at(page, running, "employee", EVERYONES, **numbers)
    await page.goto(f"{running.workspace}/team")
    await expect(page.get_by_role("alert")).to_contain_text("Only admins")
    await shoot(page, "workspace-refused")
    assert [problem for problem in problems if "403" not in problem] == []
    problems.clear()


async def test_a_new_company(
    context: BrowserContext, running: Running, found_company: Found, problems: list[str]
) -> None:
    company = await found_company("Campion", people=0)
    page = await context.new_page()
    await sign_in(page, running, company.admin)
    await page.goto(f"{running.workspace}/settings")
    await page.get_by_label("Color").fill("#000000")  # the hardest to see on a dark page
    await press(page, "Save")
    await look_at(page, running, "beginner", BEGINNERS)
    await page.goto(f"{running.workspace}/settings")
    await page.get_by_label("Color").fill("#ffff00")
    await press(page, "Save")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Color")).to_be_focused()
    await expect(page.get_by_label("Color")).to_have_value("#ffff00")
    await shoot(page, "workspace-settings-refused")
    assert [problem for problem in problems if "400" not in problem] == []
    problems.clear()


async def test_the_keyboard_skips_the_header(context: BrowserContext, running: Running, found_company: Found) -> None:
    company = await found_company("Dittany", people=0)
    page = await context.new_page()
    await sign_in(page, running, company.admin)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


def test_every_page_is_checked() -> None:
    nothing = cast("Any", None)
    app = workspace_app(nothing, nothing, nothing, nothing, health=[], pictures=nothing, cookie_secure=True)
    pages = {path for path, methods in app.openapi()["paths"].items() if "get" in methods and not path.endswith(".csv")}
    seen = {VARIABLE.sub("{}", path.partition("?")[0]) for path in (ADMINS | AT_THE_DOOR).values()}
    assert {VARIABLE.sub("{}", path) for path in pages - NO_PAGES} == seen
