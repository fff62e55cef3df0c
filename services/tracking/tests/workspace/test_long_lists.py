"""Long lists are complete, page by page, whatever rows are added or removed meanwhile."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.screenshots.use_cases.show_screenshots import SCREENSHOTS_PER_PAGE
from tracking.tasks.use_cases.edit_tasks import TASKS_PER_PAGE
from tracking.workspace.rules.paging import Position, read_position, write_position

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
NAMES = "tbody th > bdi"
Turn = Callable[..., Awaitable[list[Page]]]


def older(page: Page) -> str:
    """Where the link to the older rows leads, or nothing."""
    return page.links.get("Older", "")


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=1)


@pytest.fixture
async def person(stored: ReadRows, tenant: Tenant) -> Mapping[str, Any]:
    return next(row for row in await stored("employee", tenant.company_id) if row["email"] == tenant.people[0])


@pytest.fixture
def fill(superuser: AsyncEngine) -> Callable[[str, list[dict[str, Any]]], Awaitable[None]]:
    """`await fill(statement, rows)` puts rows where no page could in a second."""

    async def fill(statement: str, rows: list[dict[str, Any]]) -> None:
        async with superuser.begin() as tx:
            await tx.execute(text(statement), rows)

    return fill


@pytest.fixture
def turn(admin: Browser) -> Turn:
    """`await turn(path)`: each page, from the first to the last."""

    async def turn(path: str, browser: Browser = admin) -> list[Page]:
        found = []
        while path:
            found.append(await browser.page(path))
            path = older(found[-1])
        return found

    return turn


async def test_tasks(
    admin: Browser,
    employee: Browser,
    tenant: Tenant,
    person: Mapping[str, Any],
    fill: Callable[[str, list[dict[str, Any]]], Awaitable[None]],
    turn: Turn,
    superuser: AsyncEngine,
) -> None:
    rows = [
        {
            "company_id": tenant.company_id,
            "task_id": new_id(),
            "employee_id": person["employee_id"],
            "title": f"Task {number:03}",
            "done": NOON + timedelta(minutes=number) if number < 105 else None,
        }
        for number in range(310)
    ]
    await fill(
        """INSERT INTO task (company_id, task_id, employee_id, assigned_by, title, description, status, created_at,
               completed_at)
           VALUES (:company_id, :task_id, :employee_id, :employee_id, :title, '',
               CASE WHEN CAST(:done AS timestamptz) IS NULL THEN 'OPEN' ELSE 'DONE' END, now(), :done)""",
        rows,
    )
    expected = [f"Task {number:03}" for number in (*range(309, 104, -1), *range(104, -1, -1))]
    for browser, path in ((admin, "/tasks"), (employee, "/tasks"), (admin, f"/tasks?person={person['number']}")):
        shown = [page.texts(NAMES) for page in await turn(path, browser)]
        assert [len(names) for names in shown] == [TASKS_PER_PAGE] * 3 + [10]
        assert [name for names in shown for name in names] == expected
    first = await admin.page("/tasks")
    assert "Task 309" in (await admin.page(f"/team/{person['number']}")).texts(NAMES), "the newest is there"
    async with superuser.begin() as tx:
        statement = text("DELETE FROM task WHERE company_id = :id AND title IN ('Task 210', 'Task 309')")
        await tx.execute(statement, {"id": tenant.company_id})
    second = await admin.page(older(first))
    assert second.texts(NAMES)[0] == "Task 209", "what was deleted moves nothing"


async def test_devices(
    admin: Browser,
    tenant: Tenant,
    person: Mapping[str, Any],
    fill: Callable[[str, list[dict[str, Any]]], Awaitable[None]],
    turn: Turn,
) -> None:
    rows = [
        {
            "company_id": tenant.company_id,
            "device_id": new_id(),
            "employee_id": person["employee_id"],
            "digest": number.to_bytes(2, "big"),
            "name": f"Desk {number:03}",
            "at": NOON + timedelta(hours=number // 2),  # pairs at one moment
        }
        for number in range(121)
    ]
    await fill(
        """INSERT INTO device (company_id, device_id, employee_id, token_digest, logged_in_at, name)
           VALUES (:company_id, :device_id, :employee_id, :digest, :at, :name)""",
        rows,
    )
    path = f"/team/{person['number']}"
    shown = [page.texts(NAMES) for page in await turn(path)]
    assert [len(names) for names in shown] == [50, 50, 21]
    assert [name for names in shown for name in names] == [f"Desk {number:03}" for number in range(120, -1, -1)]
    assert "121 signed in" in (await admin.page(path)).text
    assert (await admin.see(f"{path}?devices=x")).status_code == 400


async def test_a_gallery_of_a_day(
    admin: Browser,
    employee: Browser,
    tenant: Tenant,
    person: Mapping[str, Any],
    fill: Callable[[str, list[dict[str, Any]]], Awaitable[None]],
    turn: Turn,
) -> None:
    company = {"company_id": tenant.company_id, "employee_id": person["employee_id"], "session_id": new_id()}
    await fill(
        """INSERT INTO work_session (company_id, session_id, employee_id, started_at, last_seen_at)
           VALUES (:company_id, :session_id, :employee_id, :at, :at)""",
        [company | {"at": NOON}],
    )
    ids = [new_id() for _ in range(1_005)]
    await fill(
        """INSERT INTO screenshot (company_id, screenshot_id, employee_id, session_id, captured_at, received_at, width,
               height, stored_bytes)
           VALUES (:company_id, :screenshot_id, :employee_id, :session_id, :at, :at, 1, 1, 1)""",
        [company | {"screenshot_id": one, "at": NOON + timedelta(seconds=place // 3)} for place, one in enumerate(ids)],
    )
    day = f"?day={NOON:%Y-%m-%d}"
    for browser, path in ((admin, f"/team/{person['number']}/screenshots{day}"), (employee, f"/screenshots{day}")):
        assert f"1,005 on this day, {SCREENSHOTS_PER_PAGE} on this page" in (await browser.page(path)).text
        shown = [[str(image["src"]) for image in page.all(".gallery img")] for page in await turn(path, browser)]
        assert [one for images in shown for one in images] == [f"/screenshots/{one}/thumbnail" for one in reversed(ids)]
        assert max(map(len, shown)) == SCREENSHOTS_PER_PAGE
    assert (await employee.see(f"/screenshots{day}&after=x")).status_code == 400


async def test_who_may_turn_pages(
    open_browser: OpenBrowser, new_tenant: NewTenant, employee: Browser, person: Mapping[str, Any]
) -> None:
    position = write_position(Position(NOON, new_id()))
    stranger = open_browser()
    await stranger.sign_in((await new_tenant()).admin)
    for path in (
        f"/team/{person['number']}?devices={position}",
        f"/team/{person['number']}/screenshots?after={position}",
    ):
        assert (await open_browser().see(path)).headers["location"] == "/login"
        assert (await employee.see(path)).status_code == 403
        assert (await stranger.see(path)).status_code == 404


@pytest.mark.parametrize(
    "moment", [None, NOON, datetime(1969, 12, 31, 23, 59, 59, 1, UTC), datetime.max.replace(tzinfo=UTC)]
)
def test_a_position_is_read_as_it_was_written(moment: datetime | None) -> None:
    position = Position(moment, new_id())
    assert read_position(write_position(position)) == position


@pytest.mark.parametrize("said", ["x", "_", "-", "1", "1_x", f"{10**40}_{'0' * 32}", f"--1_{'0' * 32}", "1" * 90])
def test_what_was_not_written_here_is_no_position(said: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_position(said)
