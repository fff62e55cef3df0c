"""A form sent twice takes effect once; other content under the same key is refused and stays in the form."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.platform import NewKey, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.team.use_cases.deactivate_employee import deactivate_employee

TASK = {"title": "Count the chairs", "description": "in the cellar, too", "due_date": ""}


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=1)


@pytest.fixture
async def path(stored: ReadRows, tenant: Tenant) -> str:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    return f"/team/{people[tenant.people[0]]}"


async def test_a_task(admin: Browser, tenant: Tenant, path: str, stored: ReadRows) -> None:
    form = await admin.hidden(path)
    replies = await asyncio.gather(*(admin.post(path, **form | TASK) for _ in range(4)))
    assert {(reply.status_code, reply.headers["location"]) for reply in replies} == {(303, path)}
    assert len(await stored("task", tenant.company_id)) == 1
    other = await admin.post(path, **form | TASK | {"title": "Count the tables"})
    assert other.status_code == 409
    page = Page(other.text)
    assert "already submitted with different values" in page.text
    assert page.field("title").value == "Count the tables"
    assert len(await stored("task", tenant.company_id)) == 1
    assert (await admin.send(path, **TASK)).status_code == 303, "a new page has a new key"
    assert len(await stored("task", tenant.company_id)) == 2


async def test_an_account(admin: Browser, tenant: Tenant, stored: ReadRows) -> None:
    form = await admin.hidden("/team")
    person = {"name": "Cleo", "email": f"cleo@{tenant.company_id}.example", "password": "open sesame tonight"}
    replies = await asyncio.gather(*(admin.post("/team", **form | person) for _ in range(3)))
    assert {reply.status_code for reply in replies} == {303}
    assert len(await stored("employee", tenant.company_id)) == 3
    assert (await admin.post("/team", **form | person | {"password": "another sesame"})).status_code == 409


async def test_a_password_that_is_made(admin: Browser, path: str, stored: ReadRows, tenant: Tenant) -> None:
    form = await admin.hidden(f"{path}/password")
    replies = [await admin.post(f"{path}/password", **form, password="") for _ in range(2)]
    assert replies[0].headers["location"] == replies[1].headers["location"]
    assert len(await stored("shown_once", tenant.company_id)) == 1


async def test_a_companys_first_admin(new_key: NewKey, open_browser: OpenBrowser, stored: ReadRows) -> None:
    company_id, key = await new_key()
    browser = open_browser()
    form = await browser.hidden("/setup")
    admin = {"key": key, "name": "Ada", "email": f"ada@{company_id}.example", "password": "open sesame tonight"}
    replies = [await browser.post("/setup", **form | admin) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [303, 303]
    assert (await browser.see("/team")).status_code == 200
    assert len(await stored("employee", company_id)) == 1
    stranger = await open_browser().post("/setup", **form | admin | {"password": "another sesame"})
    assert stranger.status_code == 409


async def test_nobody_elses_key(
    admin: Browser, path: str, new_tenant: NewTenant, open_browser: OpenBrowser, stored: ReadRows
) -> None:
    """A key belongs to its company and its person."""
    form = await admin.hidden(path)
    assert (await admin.post(path, **form | TASK)).status_code == 303
    other = await new_tenant(people=1)
    stranger = open_browser()
    await stranger.sign_in(other.admin)
    theirs = {row["email"]: row["number"] for row in await stored("employee", other.company_id)}
    reply = await stranger.send(f"/team/{theirs[other.people[0]]}", **TASK | {"once": form["once"]})
    assert reply.status_code == 303
    assert len(await stored("task", other.company_id)) == 1


async def test_what_was_typed_about_somebody_who_left_stays(
    engine: AsyncEngine, admin: Browser, tenant: Tenant, path: str, stored: ReadRows
) -> None:
    form = await admin.hidden(path)
    ids = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    by = ids[tenant.admin]["employee_id"]
    number = int(path.rpartition("/")[2])
    await deactivate_employee(engine, tenant.company_id, number, by=by, now=datetime.now(UTC))
    reply: httpx.Response = await admin.post(path, **form | TASK)
    assert reply.status_code == 409
    page = Page(reply.text)
    assert "account is inactive" in page.text
    assert page.values() == page.values() | TASK
    assert await stored("task", tenant.company_id) == []
