"""Concurrent edits: the second editor is told who was first, keeps what was typed, and overwrites nothing."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.tasks.use_cases.tasks import assign_task


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
async def second(open_browser: OpenBrowser, tenant: Tenant, admin: Browser, path: str) -> Browser:
    """Another admin of the company."""
    await admin.send(f"{path}/account", name="Bo", email=tenant.people[0], role="ADMIN")
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    return browser


@pytest.fixture
async def path(stored: ReadRows, tenant: Tenant) -> str:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    return f"/team/{people[tenant.people[0]]}"


@pytest.fixture
async def other_path(stored: ReadRows, tenant: Tenant) -> str:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    return f"/team/{people[tenant.people[1]]}"


@pytest.fixture
async def task(engine: AsyncEngine, stored: ReadRows, tenant: Tenant) -> str:
    people = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    await assign_task(
        engine,
        tenant.company_id,
        employee_number=people[tenant.people[1]]["number"],
        assigned_by=people[tenant.admin]["employee_id"],
        title="Write",
        description="all of it",
        due_date=None,
        now=people[tenant.admin]["created_at"],
    )
    [row] = await stored("task", tenant.company_id)
    return f"/tasks/{row['number']}"


async def test_an_account(admin: Browser, second: Browser, tenant: Tenant, other_path: str, stored: ReadRows) -> None:
    form = f"{other_path}/account"
    began = await second.hidden(form)
    fields = {"name": "Bo", "email": tenant.people[1]}
    assert (await admin.send(form, **fields, role="ADMIN", designation="Head")).status_code == 303
    reply = await second.send(form, **began | fields | {"name": "Bob", "role": "EMPLOYEE"})
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "Changed meanwhile by Ada" in page.text
    assert "Name: Bo; Role: admin; Job title: Head" in page.text
    assert page.field("name").value == "Bob", "what was typed stays"
    assert page.field("role").value == "EMPLOYEE"
    [row] = [row for row in await stored("employee", tenant.company_id) if row["email"] == tenant.people[1]]
    assert (row["name"], row["role"], row["designation"]) == ("Bo", "ADMIN", "Head"), "the first edit stands"
    version = page.field("version").value
    again = await second.send(form, **fields | {"name": "Bob", "role": "EMPLOYEE", "version": version})
    assert again.status_code == 303, "knowing it, the second may go on"


async def test_settings(admin: Browser, second: Browser, tenant: Tenant, stored: ReadRows) -> None:
    fields = {"name": "Acme", "colour": "#123456", "target_hours": "8"}
    began = await second.hidden("/settings")
    assert began["version"] == "0"
    assert (await admin.send("/settings", **fields)).status_code == 303
    reply = await second.send("/settings", **began | fields | {"name": "Acme Ltd"})
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "Changed meanwhile by Ada" in page.text
    assert "Saved now: Name: Acme." in page.text
    assert page.field("name").value == "Acme Ltd"
    [row] = await stored("company_settings", tenant.company_id)
    assert row["workspace_name"] == "Acme"
    assert (await second.send("/settings", **fields | {"name": "Acme Ltd", "version": "1"})).status_code == 303


async def test_a_task_and_its_note(
    admin: Browser, second: Browser, task: str, stored: ReadRows, tenant: Tenant, open_browser: OpenBrowser
) -> None:
    [row] = await stored("task", tenant.company_id)
    person = (await admin.page(task)).one("[name=person] option[selected]")["value"]
    fields = {"title": "Write", "description": "all of it", "due_date": "2026-02-03", "person": person}
    began, note_began = await second.hidden(task), await second.hidden(f"{task}/note")
    employee = open_browser()
    await employee.sign_in(tenant.people[1])
    assert (await employee.send(f"{task}/note", note="Half done")).status_code == 303
    assert (await admin.send(task, **fields)).status_code == 303, "a note is nothing that the task's form undoes"
    reply = await second.send(task, **began | fields | {"due_date": "", "title": "Write it"})
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "Changed meanwhile by Ada" in page.text
    assert "Title: Write; Due: 2026-02-03" in page.text
    assert page.field("title").value == "Write it"
    noted = await second.send(f"{task}/note", **note_began | {"note": "Not begun"})
    assert noted.status_code == 409
    page = Page(noted.text)
    assert "Note: Half done" in page.text
    assert page.field("note").value == "Not begun"
    [row] = await stored("task", tenant.company_id)
    assert (row["title"], str(row["due_date"]), row["note"]) == ("Write", "2026-02-03", "Half done")


@pytest.mark.parametrize("version", ["", "x", "-1", str(2**31)])
async def test_a_form_without_a_version_changes_nothing(
    admin: Browser, tenant: Tenant, stored: ReadRows, version: str
) -> None:
    before = await stored("company_settings", tenant.company_id)
    fields = {"name": "Acme", "colour": "#123456", "target_hours": "8", "version": version}
    assert (await admin.send("/settings", **fields)).status_code == 400
    assert await stored("company_settings", tenant.company_id) == before
