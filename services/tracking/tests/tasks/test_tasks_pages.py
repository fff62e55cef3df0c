"""Pages of tasks: employees see their own; admins see, change and delete the company's."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import NotFound
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.tasks.use_cases.tasks import assign_task, list_tasks, update_task

Give = Callable[..., Awaitable[int]]
CHANGED = {"title": "Write it <b>anew</b>", "description": "by noon", "due_date": "2026-02-28"}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def people(tenant: Tenant, stored: ReadRows) -> list[Any]:
    """The admin's account and the two employees'."""
    found = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    return [found[email] for email in (tenant.admin, *tenant.people)]


@pytest.fixture(scope="module")
def give(engine: AsyncEngine, tenant: Tenant, people: list[Any], stored: ReadRows) -> Give:
    """`await give(1, "title")`: the number of a new task of the first employee."""

    async def give(whose: int, title: str) -> int:
        await assign_task(
            engine,
            tenant.company_id,
            employee_number=people[whose]["number"],
            assigned_by=people[0]["employee_id"],
            title=title,
            description="",
            due_date=date(2026, 1, 31),
            now=NOON,
        )
        newest = max(await stored("task", tenant.company_id), key=lambda row: row["task_id"])
        return int(newest["number"])

    return give


@pytest.fixture
async def other(open_browser: OpenBrowser, new_tenant: NewTenant) -> Browser:
    """Another company's admin."""
    browser = open_browser()
    await browser.sign_in((await new_tenant()).admin)
    return browser


@pytest.fixture
def row(tenant: Tenant, stored: ReadRows) -> Callable[[int], Awaitable[Any]]:
    """`await row(number)`: the task as it is stored, or None."""

    async def read(number: int) -> Any:
        return next((row for row in await stored("task", tenant.company_id) if row["number"] == number), None)

    return read


async def test_an_employee_sees_the_own_ones(employee: Browser, give: Give, people: list[Any]) -> None:
    mine, theirs = await give(1, "Mine to do"), await give(2, "A colleague's")
    for path in ("/tasks", f"/tasks?person={people[2]['number']}"):
        reply = await employee.see(path)
        assert reply.status_code == 200
        assert "A colleague" not in reply.text
        assert Page(reply.text).all(f"a[href='/tasks/{theirs}']") == []
    own = await employee.page("/tasks")
    assert "Mine to do" in own.text
    assert own.all(f"a[href='/tasks/{mine}']")


async def test_an_admin_sees_all_and_chooses(
    admin: Browser, give: Give, people: list[Any], engine: AsyncEngine, tenant: Tenant
) -> None:
    first, second = await give(1, "First thing"), await give(2, "Second thing")
    about: dict[str, Any] = {"status": "IN_PROGRESS", "now": NOON}
    await update_task(engine, tenant.company_id, people[1]["employee_id"], number=first, **about)
    shown = {
        "": {first, second},
        "?person=&status=": {first, second},
        f"?person={people[1]['number']}": {first},
        f"?person={people[2]['number']}&status=OPEN": {second},
        "?status=IN_PROGRESS": {first},
        f"?status=DONE&person={people[1]['number']}": set(),
        f"?person={2**62}": set(),
    }
    for query, expected in shown.items():
        page = await admin.page(f"/tasks{query}")
        assert {number for number in (first, second) if page.all(f"a[href='/tasks/{number}']")} == expected


async def test_when_a_task_was_begun_and_done(
    admin: Browser,
    employee: Browser,
    give: Give,
    row: Callable[[int], Awaitable[Any]],
    people: list[Any],
    engine: AsyncEngine,
    tenant: Tenant,
) -> None:
    number = await give(1, "From open to done")
    moments = [NOON.replace(hour=hour) for hour in (13, 14, 15, 16)]
    for status, now in zip(("IN_PROGRESS", "OPEN", "IN_PROGRESS", "DONE"), moments, strict=True):
        about: dict[str, Any] = {"number": number, "status": status, "now": now}
        await update_task(engine, tenant.company_id, people[1]["employee_id"], **about)
        task = await row(number)
        assert task["started_at"] == moments[0], "begun again keeps the first time"
        assert task["completed_at"] == (now if status == "DONE" else None)
    for browser in (admin, employee):
        [shown] = [cells for cells in (await browser.page("/tasks?status=DONE")).rows() if "done" in cells]
        assert {"Sat 31 Jan 2026, 13:00", "Sat 31 Jan 2026, 16:00"} < set(shown)


async def test_a_task_that_is_done_at_once_was_not_begun(
    give: Give, row: Callable[[int], Awaitable[Any]], people: list[Any], engine: AsyncEngine, tenant: Tenant
) -> None:
    number = await give(1, "Done at once")
    await update_task(engine, tenant.company_id, people[1]["employee_id"], number=number, status="DONE", now=NOON)
    task = await row(number)
    assert (task["started_at"], task["completed_at"]) == (None, NOON)


async def test_an_admin_changes_a_task_and_gives_it_to_somebody_else(
    admin: Browser,
    give: Give,
    row: Callable[[int], Awaitable[Any]],
    people: list[Any],
    engine: AsyncEngine,
    tenant: Tenant,
) -> None:
    number = await give(1, "Write it")
    assert (await admin.page(f"/tasks/{number}")).field("title").value == "Write it"
    reply = await admin.send(f"/tasks/{number}", **CHANGED, person=people[2]["number"])
    assert (reply.status_code, reply.headers["location"]) == (303, "/tasks")
    task = await row(number)
    assert (task["title"], task["description"], task["due_date"]) == (
        CHANGED["title"],
        CHANGED["description"],
        date(2026, 2, 28),
    )
    desktops = [
        {task.number for task in (await list_tasks(engine, tenant.company_id, person["employee_id"])).rows}
        for person in people[1:]
    ]
    assert [number in desktop for desktop in desktops] == [False, True]
    page = await admin.page("/tasks")
    assert CHANGED["title"] in page.texts("th > bdi")
    assert page.all("b") == []
    await admin.send(f"/tasks/{number}", **CHANGED | {"due_date": ""}, person=people[2]["number"])
    assert (await row(number))["due_date"] is None


async def test_a_deleted_task_is_gone_from_the_desktop(
    admin: Browser,
    give: Give,
    row: Callable[[int], Awaitable[Any]],
    people: list[Any],
    engine: AsyncEngine,
    tenant: Tenant,
) -> None:
    number = await give(1, "Not needed")
    reply = await admin.send(f"/tasks/{number}/delete")
    assert (reply.status_code, reply.headers["location"]) == (303, "/tasks")
    assert await row(number) is None
    listed = (await list_tasks(engine, tenant.company_id, people[1]["employee_id"])).rows
    assert number not in {task.number for task in listed}
    with pytest.raises(NotFound):
        await update_task(engine, tenant.company_id, people[1]["employee_id"], number=number, status="DONE", now=NOON)
    assert (await admin.send(f"/tasks/{number}/delete")).status_code == 404
    assert (await admin.see(f"/tasks/{number}")).status_code == 404


async def test_nobody_else_changes_or_deletes_it(
    employee: Browser,
    other: Browser,
    open_browser: OpenBrowser,
    give: Give,
    row: Callable[[int], Awaitable[Any]],
    people: list[Any],
) -> None:
    number = await give(1, "Stays as it is")
    before, fields = await row(number), CHANGED | {"person": people[1]["number"]}
    assert "Delete this task" not in (await employee.page(f"/tasks/{number}")).text
    assert (await other.see(f"/tasks/{number}")).status_code == 404
    for browser, code in ((employee, 403), (other, 404)):
        assert (await browser.send(f"/tasks/{number}", **fields)).status_code == code
        assert (await browser.send(f"/tasks/{number}/delete")).status_code == code
    assert "Stays as it is" not in (await other.see("/tasks")).text
    anonymous = open_browser()
    for reply in (
        await anonymous.see("/tasks"),
        await anonymous.see(f"/tasks/{number}"),
        await anonymous.http.post(f"/tasks/{number}", data=fields),
        await anonymous.http.post(f"/tasks/{number}/delete"),
    ):
        assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert await row(number) == before


async def test_whoever_has_it_and_an_admin_write_a_note(
    admin: Browser, employee: Browser, give: Give, row: Callable[[int], Awaitable[Any]]
) -> None:
    number = await give(1, "Count the chairs")
    for writer, note in ((employee, "41 <b>so far</b>"), (admin, "the cellar, too")):
        reply = await writer.send(f"/tasks/{number}/note", note=f" {note} ")
        assert (reply.status_code, reply.headers["location"]) == (303, "/tasks")
        for browser in (admin, employee):
            assert (await browser.page(f"/tasks/{number}")).field("note").value == note
        for page in (await admin.page("/tasks"), await employee.page("/tasks"), await employee.page("/")):
            assert f"Note: {note}" in page.texts("small")
            assert note in page.texts("small > bdi")
            assert page.all("b") == []
    task = await row(number)
    assert (task["title"], task["note"], task["status"]) == ("Count the chairs", "the cellar, too", "OPEN")
    assert (await employee.send(f"/tasks/{number}/note", note="")).status_code == 303
    assert (await row(number))["note"] == ""
    assert (await employee.send(f"/tasks/{number}/note", note="x" * 2001)).status_code == 400


async def test_who_may_not_write_a_note(
    admin: Browser,
    employee: Browser,
    other: Browser,
    open_browser: OpenBrowser,
    give: Give,
    row: Callable[[int], Awaitable[Any]],
) -> None:
    mine, theirs = await give(1, "Mine"), await give(2, "A colleague's")
    before = await row(mine), await row(theirs)
    for browser, number in ((employee, theirs), (other, mine), (admin, 2**62)):
        assert (await browser.see(f"/tasks/{number}")).status_code == 404
        assert (await browser.send(f"/tasks/{number}/note", note="x")).status_code == 404
    assert (await employee.send(f"/tasks/{mine}/note", note="x", csrf_token="guess")).status_code == 403
    reply = await open_browser().http.post(f"/tasks/{mine}/note", data={"note": "x"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    assert (await row(mine), await row(theirs)) == before


async def test_a_form_without_the_sessions_token(
    admin: Browser, give: Give, row: Callable[[int], Awaitable[Any]], people: list[Any]
) -> None:
    number = await give(1, "Guarded")
    before, fields = await row(number), CHANGED | {"person": people[1]["number"]}
    for path in (f"/tasks/{number}", f"/tasks/{number}/delete"):
        assert (await admin.send(path, **fields, csrf_token="guess")).status_code == 403
        assert (await admin.http.post(path, data=fields)).status_code == 403
    assert await row(number) == before


async def test_a_task_goes_to_the_companys_people_alone(
    admin: Browser, give: Give, row: Callable[[int], Awaitable[Any]], new_tenant: NewTenant, stored: ReadRows
) -> None:
    number = await give(1, "For one of us")
    before = await row(number)
    elsewhere = (await stored("employee", (await new_tenant()).company_id))[0]["number"]
    reply = await admin.send(f"/tasks/{number}", **CHANGED, person=elsewhere)
    assert reply.status_code == 400
    assert "There is no such person" in Page(reply.text).text
    assert await row(number) == before


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "  "},
        {"title": "x" * 201},
        {"description": "x" * 2001},
        {"due_date": "soon"},
        {"person": ""},
        {"person": "0"},
        {"person": str(2**63)},
    ],
)
async def test_a_change_that_cannot_be(
    admin: Browser, give: Give, row: Callable[[int], Awaitable[Any]], people: list[Any], fields: dict[str, str]
) -> None:
    number = await give(1, "Write")
    before = await row(number)
    reply = await admin.send(f"/tasks/{number}", **CHANGED | {"person": people[1]["number"]} | fields)
    assert reply.status_code == 400
    assert await row(number) == before


@pytest.mark.parametrize(
    "path", ["?status=CLOSED", "?person=x", "?person=0", f"?person={2**63}", "/0", "/one", f"/{2**63}"]
)
async def test_what_cannot_be_asked_for(admin: Browser, path: str) -> None:
    assert (await admin.see(f"/tasks{path}")).status_code == 400
