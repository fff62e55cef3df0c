"""Forms sent after the session ended are kept, and sign-in continues only to pages of the workspace."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page

TASK = {"title": 'Write "it" & <more>', "description": "x" * 100, "due_date": "2026-02-03"}


def fields_of(page: str) -> dict[str, str]:
    """What a page's inputs hold."""
    return Page(page).values()


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=1)


@pytest.fixture
async def path(stored: ReadRows, tenant: Tenant) -> str:
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    return f"/team/{people[tenant.people[0]]}"


@pytest.fixture
def end_sessions(superuser: AsyncEngine, tenant: Tenant) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        async with superuser.begin() as tx:
            await tx.execute(text("DELETE FROM workspace_session WHERE company_id = :id"), {"id": tenant.company_id})

    return end


async def test_what_was_typed_comes_back(
    admin: Browser, tenant: Tenant, path: str, end_sessions: Callable[[], Awaitable[None]], stored: ReadRows
) -> None:
    form = await admin.hidden(path)
    await end_sessions()
    held = await admin.post(path, **form | TASK)
    assert held.status_code == 401
    assert "nothing is lost" in Page(held.text).text
    kept = fields_of(held.text)
    assert kept["held_action"] == path
    assert kept | TASK == kept
    assert "csrf_token" not in kept
    still = await admin.post("/held", **kept)
    assert still.status_code == 401, "not signed in yet"
    assert fields_of(still.text) == kept
    await admin.sign_in(tenant.admin)
    again = await admin.post("/held", **kept)
    assert again.status_code == 200
    assert await stored("task", tenant.company_id) == [], "nothing is sent by itself"
    assert Page(again.text).all(f"form[action='{path}']")
    sent = fields_of(again.text)
    assert sent | TASK == sent
    assert (await admin.post(path, **sent)).status_code == 303
    assert (await admin.post(path, **sent)).status_code == 303
    [task] = await stored("task", tenant.company_id)
    assert (task["title"], task["description"]) == (TASK["title"], TASK["description"])


async def test_after_signing_in_again_elsewhere_the_old_form_is_shown_once_more(
    admin: Browser, tenant: Tenant, path: str, end_sessions: Callable[[], Awaitable[None]], stored: ReadRows
) -> None:
    form = await admin.hidden(path)
    await end_sessions()
    await admin.sign_in(tenant.admin)
    reply = await admin.post(path, **form | TASK)
    assert reply.status_code == 403
    sent = fields_of(reply.text)
    assert sent | TASK == sent
    assert await stored("task", tenant.company_id) == []
    assert (await admin.post(path, **sent)).status_code == 303


async def test_passwords_are_written_into_no_page(admin: Browser, end_sessions: Callable[[], Awaitable[None]]) -> None:
    form = await admin.hidden("/team")
    await end_sessions()
    secret = "a secret nobody may read"
    reply = await admin.post("/team", **form | {"name": "Cleo", "email": "cleo@acme.example", "password": secret})
    assert reply.status_code == 401
    assert secret not in reply.text
    assert fields_of(reply.text)["email"] == "cleo@acme.example"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
async def test_nothing_of_another_site_is_held(
    admin: Browser, path: str, end_sessions: Callable[[], Awaitable[None]], origin: str
) -> None:
    headers = {"Origin": origin} if origin else {}
    await end_sessions()
    reply = await admin.http.post(path, data=TASK, headers=headers)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    held = await admin.http.post("/held", data=TASK | {"held_action": path}, headers=headers)
    assert held.status_code == 403


@pytest.mark.parametrize("action", ["", "//evil.example", "https://evil.example/", "/\\evil.example", "team", "/a\nb"])
async def test_a_held_form_goes_to_the_workspace_alone(admin: Browser, action: str) -> None:
    assert (await admin.post("/held", **TASK, held_action=action)).status_code == 400


async def test_sign_in_goes_on_to_the_page_that_was_asked_for(open_browser: OpenBrowser, tenant: Tenant) -> None:
    browser = open_browser()
    reply = await browser.http.get("/tasks?status=OPEN", headers={"Accept": "text/html"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/login?next=%2Ftasks%3Fstatus%3DOPEN")
    page = await browser.page(reply.headers["location"])
    assert page.field("next").value == "/tasks?status=OPEN"
    account = {"email": tenant.admin, "password": tenant.password}
    wrong = await browser.post("/login", **account | {"password": "guess"}, next="/tasks?status=OPEN")
    assert Page(wrong.text).field("next").value == "/tasks?status=OPEN"
    signed_in = await browser.post("/login", **account, next="/tasks?status=OPEN")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/tasks?status=OPEN")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
        "/\tevil",
        "/tasks\r\nSet-Cookie: x=1",
        "/täsks",
        "/logout",
        "/login?next=/",
        "",
    ],
)
async def test_sign_in_goes_nowhere_else(open_browser: OpenBrowser, tenant: Tenant, target: str) -> None:
    browser = open_browser()
    reply = await browser.post("/login", email=tenant.admin, password=tenant.password, next=target)
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    page = await open_browser().http.get("/login", params={"next": target})
    assert Page(page.text).all("[name=next]") == []
