"""The team page: for admins, within the plan's seats, without anything of another company."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from testkit.waiting import eventually
from tracking.access.rules.directory import AccessDirectory, Entitlement
from tracking.checking.use_cases.import_history import ImportedSpan, import_history
from tracking.clock.rules.days import day_of
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.ingest.rules.rows import IMPOSSIBLE_DURATION
from tracking.ingest.rules.upload_reader import BEFORE_LOG_IN
from tracking.ingest.store import quarantine
from tracking.people.use_cases import add_employee
from tracking.publishing.messages import company_month_event
from tracking.screenshots.imaging.protocol import BROKEN
from tracking.sessions.use_cases.lifecycle import start_session
from tracking.sign_in.use_cases.log_in import log_in
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.use_cases import fold_company

WAITING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND query LIKE '%FROM company FOR NO KEY UPDATE%'
""")

NEW = {"name": "Cleo", "email": "cleo@acme.example", "password": "open sesame tonight"}


async def test_an_employee_sees_the_own_page_and_not_the_teams(employee: Browser, tenant: Tenant) -> None:
    assert (await employee.page("/")).all("a[href='/team']") == []
    refused = await employee.see("/team")
    assert refused.status_code == 403
    assert tenant.admin not in refused.text
    assert (await employee.send("/team", **NEW)).status_code == 403


async def test_an_admin_sees_the_own_company_alone(admin: Browser, tenant: Tenant, new_tenant: NewTenant) -> None:
    other = await new_tenant()
    reply = await admin.see("/team")
    assert reply.status_code == 200
    page = Page(reply.text)
    assert {tenant.admin, *tenant.people} <= set(page.texts("small > bdi"))
    assert other.people[0] not in reply.text
    assert "3 of 50 seats used" in page.text


async def test_a_new_account_can_sign_in(admin: Browser, open_browser: OpenBrowser, tenant: Tenant) -> None:
    new = NEW | {"email": f"new@{tenant.company_id}.example"}
    reply = await admin.send("/team", **new)
    assert (reply.status_code, reply.headers["location"]) == (303, "/team")
    browser = open_browser()
    assert (await browser.sign_in(new["email"])).status_code == 303
    assert (await browser.see("/team")).status_code == 403, "it is an employee's"
    again = await admin.send("/team", **new | {"email": new["email"].upper()})
    assert again.status_code == 409
    assert "has an account in this company already" in Page(again.text).text


@pytest.mark.parametrize("token", ["", "guess", "é", "x" * 512])
async def test_a_form_without_the_sessions_token(admin: Browser, tenant: Tenant, stored: ReadRows, token: str) -> None:
    before = len(await stored("employee", tenant.company_id))
    assert (await admin.send("/team", **NEW, csrf_token=token)).status_code == 403
    assert (await admin.send("/logout", csrf_token=token)).status_code == 403
    assert (await admin.http.post("/team", data=NEW)).status_code == 403
    assert len(await stored("employee", tenant.company_id)) == before
    assert (await admin.see("/team")).status_code == 200, "still signed in"


async def test_a_token_of_another_session(admin: Browser, employee: Browser) -> None:
    token = (await employee.page("/")).field("csrf_token").value
    assert (await admin.send("/team", **NEW, csrf_token=token)).status_code == 403


async def test_a_form_of_another_site_with_the_right_token(admin: Browser) -> None:
    token = (await admin.page("/")).field("csrf_token").value
    reply = await admin.http.post("/team", data=NEW | {"csrf_token": token}, headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403


async def test_the_free_plan_has_five_seats(new_tenant: NewTenant, open_browser: OpenBrowser, stored: ReadRows) -> None:
    tenant = await new_tenant(people=3, plan="FREE")
    browser = open_browser()
    await browser.sign_in(tenant.admin)
    forms = [NEW | {"email": f"{name}@acme.example"} for name in ("fifth", "sixth")]
    replies = await asyncio.gather(*(browser.send("/team", **form) for form in forms))
    assert sorted(reply.status_code for reply in replies) == [303, 409], "two at once do not take one seat"
    refused = Page(max(replies, key=lambda reply: reply.status_code).text)
    assert "all 5 seats of the plan are taken" in refused.text
    assert "5 of 5 seats used" in refused.text
    assert len(await stored("employee", tenant.company_id)) == 5


@pytest.mark.parametrize("fields", [{"email": "nobody"}, {"password": "short"}, {"name": "  "}])
async def test_an_account_that_cannot_be(admin: Browser, fields: dict[str, str]) -> None:
    reply = await admin.send("/team", **NEW | fields)
    assert reply.status_code == 400
    assert Page(reply.text).alerts


async def test_a_hostile_name_is_text(new_tenant: NewTenant, open_browser: OpenBrowser) -> None:
    tenant = await new_tenant()
    admin = open_browser()
    await admin.sign_in(tenant.admin)
    hostile = "<script>alert('1')</script>{{ 7 * 7 }}"
    assert (await admin.send("/team", **NEW | {"name": f"{hostile}\x1b[31m"})).status_code == 400
    assert (await admin.send("/team", **NEW | {"name": hostile})).status_code == 303
    page = await admin.page("/team")
    assert page.all("script") == []
    assert hostile in page.texts("a > bdi")


async def test_it_takes_eight_statements_however_many_people(
    new_tenant: NewTenant, open_browser: OpenBrowser, engine: AsyncEngine
) -> None:
    tenant = await new_tenant(people=12)
    admin = open_browser()
    await admin.sign_in(tenant.admin)
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        assert (await admin.see("/team")).status_code == 200
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert 0 < len(statements) <= 8, statements


async def test_the_day_and_the_sessions_of_everyone(
    new_tenant: NewTenant, open_browser: OpenBrowser, engine: AsyncEngine, stored: ReadRows
) -> None:
    tenant = await new_tenant(people=1, time_zone="Asia/Kolkata")
    people = {row["email"]: row["employee_id"] for row in await stored("employee", tenant.company_id)}
    now = datetime.now(UTC)
    account = {"email": tenant.people[0], "password": tenant.password, "origin": "desktop"}
    session = await log_in(engine, tenant.company_id, **account, now=now)
    device = await Authenticator(engine).device(tenant.company_id, session.token)
    assert device is not None
    await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)
    days = {
        day_of(now, "Asia/Kolkata"): [
            ImportedSpan(0, 7260, ActivityKind.ACTIVE),
            ImportedSpan(7260, 60, ActivityKind.IDLE),
        ]
    }
    whose = people[tenant.people[0]]
    await import_history(engine, tenant.company_id, whose, time_zone="Asia/Kolkata", days=days)
    await fold_company(engine, tenant.company_id, company_month_event)
    admin, employee = open_browser(), open_browser()
    await admin.sign_in(tenant.admin)
    await employee.sign_in(tenant.people[0])
    home = await employee.page("/")
    for page in (await admin.page("/team"), home):
        assert ["2 h 01 min", "1 min", "2"] in [row[1:4] for row in page.rows()]
    assert "running" in home.text
    assert "Nothing yet" in (await admin.page("/")).text


async def test_an_admin_sees_how_much_was_kept_aside_and_why(
    new_tenant: NewTenant, open_browser: OpenBrowser, engine: AsyncEngine, stored: ReadRows
) -> None:
    tenant, other = await new_tenant(), await new_tenant()
    [whose, *_] = await stored("employee", tenant.company_id)
    async with company_scope(engine, tenant.company_id) as tx:
        for reason in (IMPOSSIBLE_DURATION, BEFORE_LOG_IN, BEFORE_LOG_IN, BROKEN, "a <b>new</b> reason"):
            kept = {"record_id": new_id(), "employee_id": whose["employee_id"], "payload": "window titles"}
            await quarantine.add(tx, tenant.company_id, reason=reason, **kept)
    pages = {}
    for email in (tenant.admin, tenant.people[0], other.admin):
        browser = open_browser()
        await browser.sign_in(email)
        reply = await browser.see("/team")
        assert "window titles" not in reply.text
        pages[email] = Page(reply.text)
    for words in (
        "5 items could not be counted.",
        "2 rows were rejected because the time is from before the tracker's sign-in",
        "1 row was rejected because the duration cannot be true.",
        "1 screenshot was rejected because the file is damaged.",
        "1 row was rejected because a <b>new</b> reason.",
    ):
        assert words in pages[tenant.admin].text
        assert words not in pages[tenant.people[0]].text
        assert words not in pages[other.admin].text
    assert pages[tenant.admin].all("b") == []


@pytest.fixture
def downgrade(directory: AccessDirectory, monkeypatch: pytest.MonkeyPatch) -> Callable[[UUID, int], None]:
    """`downgrade(company_id, seats)`: the plan has so many seats from now on, as far as the workspace knows."""

    def downgrade(company_id: UUID, seats: int) -> None:
        known: dict[int, Entitlement] = directory._entitlements
        monkeypatch.setitem(known, company_id.int, replace(known[company_id.int], seats=seats))

    return downgrade


@pytest.mark.parametrize("action", ["add", "reactivate"])
async def test_who_began_before_a_downgrade_takes_no_seat_after_it(
    new_tenant: NewTenant,
    open_browser: OpenBrowser,
    engine: AsyncEngine,
    superuser: AsyncEngine,
    stored: ReadRows,
    downgrade: Callable[[UUID, int], None],
    action: str,
) -> None:
    """The forms wait for the company while it gets a smaller plan; they had been admitted under the larger one."""
    tenant = await new_tenant(people=5)
    browser = open_browser()
    await browser.sign_in(tenant.admin)
    if action == "reactivate":
        people = await stored("employee", tenant.company_id)
        paths = [f"/team/{row['number']}" for row in people if row["email"] in tenant.people[:3]]
        for path in paths:
            await browser.send(f"{path}/deactivate")
        forms: list[tuple[str, dict[str, str]]] = [(f"{path}/reactivate", {}) for path in paths]
    else:
        forms = [("/team", NEW | {"email": f"late{n}@acme.example"}) for n in range(3)]
    used = sum(row["active"] for row in await stored("employee", tenant.company_id))
    await browser.see("/team")
    async with company_scope(engine, tenant.company_id) as tx:
        await companies.lock(tx)
        sent = [asyncio.create_task(browser.send(path, **form)) for path, form in forms]

        async def all_wait() -> bool:
            async with superuser.connect() as connection:
                waiting: int = (await connection.execute(WAITING)).scalar_one()
            return waiting == len(forms)

        await eventually(all_wait)
        downgrade(tenant.company_id, used + 1)
    replies = await asyncio.gather(*sent)
    assert sorted(reply.status_code for reply in replies) == [303, 409, 409]
    assert sum(row["active"] for row in await stored("employee", tenant.company_id)) == used + 1


async def test_news_of_a_plan_are_asked_for_before_a_seat_is_taken(
    new_tenant: NewTenant, app: FastAPI, engine: AsyncEngine
) -> None:
    tenant = await new_tenant()
    workspace = app.state.workspace
    asked: list[str] = []

    class Seats:
        async def refresh(self) -> None:
            asked.append("refresh")
            await workspace.seats_of(tenant.company_id).refresh()

        def now(self) -> int:
            asked.append("now")
            seats: int = workspace.seats_of(tenant.company_id).now()
            return seats

    await add_employee(
        engine, tenant.company_id, seats=Seats(), name="Bo", email="bo@late.example", password=tenant.password
    )
    assert asked == ["refresh", "now"]


async def test_an_admin_sees_of_whom_something_was_rejected(
    new_tenant: NewTenant, open_browser: OpenBrowser, engine: AsyncEngine, stored: ReadRows
) -> None:
    tenant, other = await new_tenant(people=2), await new_tenant()
    whose = {row["email"]: row for row in await stored("employee", tenant.company_id)}
    async with company_scope(engine, tenant.company_id) as tx:
        for email, count in ((tenant.people[0], 2), (tenant.people[1], 3)):
            for _ in range(count):
                kept = {"record_id": new_id(), "employee_id": whose[email]["employee_id"], "payload": "p"}
                await quarantine.add(tx, tenant.company_id, reason=BROKEN, **kept)
    admin, stranger = open_browser(), open_browser()
    await admin.sign_in(tenant.admin)
    await stranger.sign_in(other.admin)
    page = await admin.page("/team")
    said = [row[:2] for row in page.rows() if "the file is damaged" in row[-1]]
    assert said == [
        [whose[tenant.people[1]]["name"], "3 screenshots were rejected because the file is damaged."],
        [whose[tenant.people[0]]["name"], "2 screenshots were rejected because the file is damaged."],
    ]
    assert "the file is damaged" not in (await stranger.page("/team")).text
