"""Accounts: only admins edit, deactivate and reset them; everyone changes their own password."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Forbidden, NotAuthenticated, Refused
from services.tracking.tests.fixtures.platform import NewKey, NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracker_client import Account, TrackerClient
from tracking.access.rules.directory import AccessDirectory
from tracking.access.worker import AccessSync
from tracking.db.store.scope import company_scope
from tracking.devices.api.desktop import SIGN_IN_AGAIN
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.devices.use_cases.key_use import KeyUses
from tracking.gateway.api.context import Gateway
from tracking.gateway.api.desktop import DesktopApi
from tracking.ingest.api import large_uploads
from tracking.ingest.fastpath.store.writer import IngestWriter
from tracking.ingest.use_cases.group_commit import GroupCommit
from tracking.ingest.use_cases.take_upload import UploadTaker
from tracking.people import store as employees
from tracking.protocols.large_bodies import BodyAdmission
from tracking.publishing.messages import company_month_event
from tracking.screenshots.imaging.decoder import Decoder
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.use_cases.take_screenshot import ScreenshotTaker
from tracking.sessions.use_cases.heartbeats import Heartbeats
from tracking.sessions.use_cases.lifecycle import poll_session, start_session
from tracking.sign_in.use_cases import log_in as log_in_module
from tracking.sign_in.use_cases.check_password import OpenedAccount
from tracking.sign_in.use_cases.log_in import log_in
from tracking.sign_in.use_cases.workspace_sign_in import open_session
from tracking.team.use_cases.deactivate_employee import deactivate_employee
from tracking.totals.use_cases import fold_company

NEW_PASSWORD = "another sesame"
ACTIONS = {
    "account": {"name": "Bo", "email": "bo@acme.example", "role": "EMPLOYEE"},
    "deactivate": {},
    "reactivate": {},
    "password": {"password": NEW_PASSWORD},
}


@dataclass
class Tracker:
    """A desktop that is signed in and at work, as a gateway knows it."""

    authenticator: Authenticator
    company_id: Any
    token: str
    device: Device
    session: int

    async def is_refused(self) -> bool:
        """Whether its token opens nothing."""
        return await self.authenticator.device(self.company_id, self.token) is None


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own."""
    return await new_tenant(people=2)


@pytest.fixture
def at_work(engine: AsyncEngine) -> Callable[..., Awaitable[Tracker]]:
    """`await at_work(tenant)`: the first employee's desktop."""

    async def sit(tenant: Any, password: str | None = None) -> Tracker:
        now = datetime.now(UTC)
        account = {"email": tenant.people[0], "password": password or tenant.password, "origin": "desktop"}
        signed_in = await log_in(engine, tenant.company_id, **account, now=now)
        authenticator = Authenticator(engine)
        device = await authenticator.device(tenant.company_id, signed_in.token)
        assert device is not None
        number = (await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)).number
        return Tracker(authenticator, tenant.company_id, signed_in.token, device, number)

    return sit


@pytest.fixture
def path_of(stored: ReadRows) -> Callable[[Any, str], Awaitable[str]]:
    """`await path_of(tenant, email)` is that person's page."""

    async def find(tenant: Any, email: str) -> str:
        people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
        return f"/team/{people[email]}"

    return find


@pytest.fixture
async def path(path_of: Callable[[Any, str], Awaitable[str]], tenant: Tenant) -> str:
    """The first employee's."""
    return await path_of(tenant, tenant.people[0])


async def test_an_admin_edits_an_account(admin: Browser, tenant: Tenant, path: str, open_browser: OpenBrowser) -> None:
    fields = {
        "name": "Bo <b>Li</b>",
        "email": f"new@{tenant.company_id}.example",
        "role": "ADMIN",
        "designation": " Head of design ",
        "time_zone": "Asia/Tokyo",
    }
    reply = await admin.send(f"{path}/account", **fields)
    assert (reply.status_code, reply.headers["location"]) == (303, path)
    for page in (await admin.page(path), await admin.page("/team")):
        assert {"Head of design", fields["name"]} <= set(page.texts("bdi"))
        assert page.all("b") == []
    assert "Asia/Tokyo" in (await admin.page(path)).text
    form = await admin.page(f"{path}/account")
    assert (form.field("time_zone").value, form.field("role").value) == ("Asia/Tokyo", "ADMIN")
    browser = open_browser()
    assert (await browser.sign_in(tenant.people[0])).status_code == 401, "the e-mail is another"
    assert (await browser.sign_in(fields["email"].upper())).status_code == 303
    assert (await browser.see("/team")).status_code == 200, "an admin now"
    assert (await admin.send(f"{path}/account", **fields | {"role": "EMPLOYEE", "time_zone": ""})).status_code == 303
    assert (await browser.see("/team")).status_code == 403, "and no longer"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "  "},
        {"name": "x" * 513},
        {"email": "nobody"},
        {"role": "OWNER"},
        {"designation": "x" * 101},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
    ],
)
async def test_an_edit_that_cannot_be(
    admin: Browser, tenant: Tenant, path: str, stored: ReadRows, fields: dict[str, str]
) -> None:
    before = await stored("employee", tenant.company_id)
    reply = await admin.send(f"{path}/account", **ACTIONS["account"] | fields)
    assert reply.status_code == 400
    assert Page(reply.text).alerts
    assert await stored("employee", tenant.company_id) == before


async def test_an_e_mail_that_is_taken(admin: Browser, tenant: Tenant, path: str) -> None:
    reply = await admin.send(f"{path}/account", **ACTIONS["account"] | {"email": tenant.admin.upper()})
    assert reply.status_code == 409
    assert "has an account in this company already" in Page(reply.text).text


async def test_the_last_admin_stays_one(
    admin: Browser,
    tenant: Tenant,
    path_of: Callable[[Any, str], Awaitable[str]],
    path: str,
    engine: AsyncEngine,
    stored: ReadRows,
) -> None:
    own = await path_of(tenant, tenant.admin)
    fields = {"name": "Ada", "email": tenant.admin}
    refused = await admin.send(f"{own}/account", **fields, role="EMPLOYEE")
    assert refused.status_code == 409
    assert "last active admin" in Page(refused.text).text
    assert (await admin.send(f"{own}/account", **fields, role="ADMIN")).status_code == 303
    assert (await admin.send(f"{own}/deactivate")).status_code == 409, "not oneself"
    await admin.send(f"{path}/account", name="Bo", email=tenant.people[0], role="ADMIN")
    ids = {row["number"]: row["employee_id"] for row in await stored("employee", tenant.company_id)}
    first, second = (int(page.rpartition("/")[2]) for page in (own, path))
    outcomes = await asyncio.gather(
        *(
            deactivate_employee(engine, tenant.company_id, whose, by=ids[by], now=datetime.now(UTC))
            for whose, by in ((first, second), (second, first))
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [Refused], "two cannot remove each other"
    people = await stored("employee", tenant.company_id)
    assert sum(row["active"] and row["role"] == "ADMIN" for row in people) == 1


async def test_whoever_is_deactivated_is_out_at_once(
    admin: Browser,
    tenant: Tenant,
    path: str,
    at_work: Callable[..., Awaitable[Tracker]],
    open_browser: OpenBrowser,
    engine: AsyncEngine,
    stored: ReadRows,
) -> None:
    tracker = await at_work(tenant)
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    whose = {row["employee_id"] for row in await stored("employee", tenant.company_id) if row["role"] == "EMPLOYEE"}
    assert whose & {row["employee_id"] for row in await stored("known_place", tenant.company_id)}
    assert (await admin.send(f"{path}/deactivate")).status_code == 303
    assert not whose & {row["employee_id"] for row in await stored("known_place", tenant.company_id)}
    assert await tracker.is_refused()
    assert not await poll_session(engine, tenant.company_id, tracker.device, number=tracker.session)
    assert (await browser.see("/")).headers["location"] == "/login"
    assert (await open_browser().sign_in(tenant.people[0])).status_code == 401
    with pytest.raises(Forbidden, match="inactive"):
        await at_work(tenant)
    [session] = await stored("work_session", tenant.company_id)
    assert (session["ended_at"], session["ended_by"]) == (session["last_seen_at"], "ADMIN")
    assert "2 of 50 seats used" in (await admin.page("/team")).text
    assert "This account is inactive" in (await admin.page(f"{path}/account")).text
    assert (await admin.send(f"{path}/deactivate")).status_code == 303, "again changes nothing"
    assert (await admin.send(f"{path}/reactivate")).status_code == 303
    assert (await open_browser().sign_in(tenant.people[0])).status_code == 303
    assert await tracker.is_refused(), "its token stays invalid"
    assert not await (await at_work(tenant)).is_refused()


@pytest.fixture
async def gateway(
    engine: AsyncEngine, environment: dict[str, str], pictures: PictureStore, directory: AccessDirectory
) -> Gateway:
    """A gateway for log-ins and polls."""
    tell: Any = None  # nothing is told here
    uploads = UploadTaker(engine, GroupCommit(IngestWriter(environment["TRACKING_INGEST_DATABASE_URL"])))
    takers = uploads, ScreenshotTaker(engine, pictures, Decoder(), directory.storage_of)
    large = large_uploads.LargeUploadReader(), BodyAdmission()
    return Gateway(engine, Authenticator(engine), *takers, Heartbeats(engine, tell), KeyUses(engine, tell), *large)


@pytest.mark.parametrize("action", ["deactivate", "password"])
async def test_a_tracker_is_refused_within_seconds(
    admin: Browser,
    tenant: Tenant,
    path: str,
    gateway: Gateway,
    directory: AccessDirectory,
    sync: AccessSync,
    action: str,
) -> None:
    transport = httpx.ASGITransport(DesktopApi(gateway, directory, sync))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        tracker = TrackerClient("http://gateway/api", tenant.key, http=http)
        data = (await tracker.login(tenant.people[0], tenant.password)).fields["data"]
        account = Account(data["id"], data["company_id"], data["active_token"])
        session = (await tracker.create_session(account, datetime.now(UTC))).fields["data"]["id"]
        assert (await tracker.check_session_active(account, session)).ok
        assert (await admin.send(f"{path}/{action}", **ACTIONS[action])).status_code in (200, 303)
        poll = await tracker.check_session_active(account, session)
        assert (poll.fields["status"], poll.fields["message"]) == (False, SIGN_IN_AGAIN)
        upload = {"active_token": account.token, "work_session_id": session}
        for reply in (
            await tracker.create_session(account, datetime.now(UTC)),
            await tracker.post("upload/employee-activity", upload),
        ):
            assert (reply.code, reply.fields["message"]) == (401, SIGN_IN_AGAIN)
        assert (await tracker.login(tenant.people[0], tenant.password)).code in (401, 403)


async def test_the_seats_are_announced(
    admin: Browser, tenant: Tenant, path: str, engine: AsyncEngine, stored: ReadRows
) -> None:
    for action, seats in (("deactivate", 2), ("reactivate", 3)):
        await admin.send(f"{path}/{action}")
        await fold_company(engine, tenant.company_id, company_month_event)
        [company], days = [await stored(table, tenant.company_id) for table in ("company", "company_day")]
        assert (seats, company["feed_revision"]) in {(day["seats_used"], day["revision"]) for day in days}


async def test_who_comes_back_needs_a_seat(
    new_tenant: NewTenant, open_browser: OpenBrowser, path_of: Callable[[Any, str], Awaitable[str]]
) -> None:
    tenant = await new_tenant(people=4, plan="FREE")
    admin = open_browser()
    await admin.sign_in(tenant.admin)
    paths = [await path_of(tenant, email) for email in tenant.people[:2]]
    for path in paths:
        await admin.send(f"{path}/deactivate")
    await admin.send("/team", name="Cleo", email="cleo@acme.example", password=tenant.password)
    replies = await asyncio.gather(*(admin.send(f"{path}/reactivate") for path in paths))
    assert sorted(reply.status_code for reply in replies) == [303, 409], "two at once do not take one seat"
    refused = max(replies, key=lambda reply: reply.status_code)
    assert "all 5 seats of the plan are taken" in Page(refused.text).text


async def test_an_admin_resets_a_password(
    admin: Browser, tenant: Tenant, path: str, at_work: Callable[..., Awaitable[Tracker]], open_browser: OpenBrowser
) -> None:
    tracker = await at_work(tenant)
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    reply = await admin.send(f"{path}/password", password=NEW_PASSWORD)
    assert reply.status_code == 303
    shown = await admin.see(reply.headers["location"])
    assert "has a new password" in Page(shown.text).text
    assert NEW_PASSWORD not in shown.text
    assert await tracker.is_refused()
    assert (await browser.see("/")).headers["location"] == "/login"
    with pytest.raises(NotAuthenticated):
        await at_work(tenant)
    assert not await (await at_work(tenant, NEW_PASSWORD)).is_refused()
    assert (await browser.sign_in(tenant.people[0], NEW_PASSWORD)).status_code == 303
    assert (await admin.see("/team")).status_code == 200, "the admin's own session goes on"


async def test_a_password_that_is_made_is_shown_once(
    admin: Browser, tenant: Tenant, path: str, open_browser: OpenBrowser
) -> None:
    replies = [await admin.send(f"{path}/password", password="") for _ in range(2)]
    pages = [await admin.see(reply.headers["location"]) for reply in replies]
    made = [code for page in pages for code in Page(page.text).texts("code")]
    assert [len(code) for code in made] == [16, 16]
    assert len(set(made)) == 2
    assert pages[0].headers["cache-control"] == "no-store"
    assert (await open_browser().sign_in(tenant.people[0], made[0])).status_code == 401
    assert (await open_browser().sign_in(tenant.people[0], made[1])).status_code == 303
    again = await admin.see(replies[1].headers["location"])
    assert again.status_code == 404
    assert "cannot be shown again" in Page(again.text).text
    assert made[1] not in again.text
    assert (await open_browser().sign_in(tenant.people[0], made[1])).status_code == 303, "reloading makes no other"


async def test_what_was_made_is_for_the_session_that_asked(
    admin: Browser, tenant: Tenant, path: str, open_browser: OpenBrowser, stored: ReadRows
) -> None:
    shown = (await admin.send(f"{path}/password", password="")).headers["location"]
    second, stranger = open_browser(), open_browser()
    await second.sign_in(tenant.admin)
    assert (await second.see(shown)).status_code == 404, "of another session of the same admin"
    assert (await stranger.see(shown)).headers["location"] == "/login"
    rows = await stored("shown_once", tenant.company_id)
    [made] = (await admin.page(shown)).texts("code")
    assert len(made) == 16
    assert made not in str(rows), "it is kept nowhere"
    assert await stored("shown_once", tenant.company_id) == []


async def test_a_password_that_cannot_be(
    admin: Browser, tenant: Tenant, path: str, path_of: Callable[[Any, str], Awaitable[str]], open_browser: OpenBrowser
) -> None:
    for password in ("short", "x" * 257):
        assert (await admin.send(f"{path}/password", password=password)).status_code == 400
    own = await path_of(tenant, tenant.admin)
    refused = await admin.send(f"{own}/password", password=NEW_PASSWORD)
    assert refused.status_code == 409, "of oneself the present one is asked"
    assert (await open_browser().sign_in(tenant.admin)).status_code == 303


async def test_the_own_password(
    tenant: Tenant, employee: Browser, at_work: Callable[..., Awaitable[Tracker]], open_browser: OpenBrowser
) -> None:
    tracker = await at_work(tenant)
    elsewhere = open_browser()
    await elsewhere.sign_in(tenant.people[0])
    assert (await employee.see("/account")).status_code == 200
    reply = await employee.send("/account", present=tenant.password, new=NEW_PASSWORD)
    assert (reply.status_code, reply.headers["location"]) == (303, "/account?done=password")
    assert "Your password was changed" in (await employee.page(reply.headers["location"])).text
    assert await tracker.is_refused()
    assert (await elsewhere.see("/")).headers["location"] == "/login"
    assert (await employee.see("/")).status_code == 200, "this session stays"
    assert (await elsewhere.sign_in(tenant.people[0])).status_code == 401
    assert (await elsewhere.sign_in(tenant.people[0], NEW_PASSWORD)).status_code == 303


async def test_an_own_password_that_cannot_be(
    tenant: Tenant, employee: Browser, at_work: Callable[..., Awaitable[Tracker]], open_browser: OpenBrowser
) -> None:
    tracker = await at_work(tenant)
    for present, new in (("guess", NEW_PASSWORD), (tenant.password, "short"), (tenant.password, "x" * 257)):
        reply = await employee.send("/account", present=present, new=new)
        assert reply.status_code == 400
        assert Page(reply.text).alerts
    assert (await employee.send("/account", present=tenant.password)).status_code == 400
    assert not await tracker.is_refused()
    assert (await open_browser().sign_in(tenant.people[0])).status_code == 303


async def test_guessing_the_present_password_is_slowed_down(tenant: Tenant, employee: Browser) -> None:
    guesses = [await employee.send("/account", present=f"guess {n}", new=NEW_PASSWORD) for n in range(11)]
    assert [reply.status_code for reply in guesses] == [400] * 10 + [429]
    assert (await employee.send("/account", present=tenant.password, new=NEW_PASSWORD)).status_code == 429


async def test_who_signs_in_while_the_password_changes_is_not_left_in(
    admin: Browser,
    tenant: Tenant,
    path: str,
    at_work: Callable[..., Awaitable[Tracker]],
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with company_scope(engine, tenant.company_id) as tx:
        account = await employees.by_email(tx, tenant.people[0])
    assert account is not None
    check_password = log_in_module.check_password

    async def check_and_change(*args: Any, **kwargs: Any) -> OpenedAccount:
        checked = await check_password(*args, **kwargs)
        assert (await admin.send(f"{path}/password", password=NEW_PASSWORD)).status_code == 303
        return checked

    monkeypatch.setattr(log_in_module, "check_password", check_and_change)
    with pytest.raises(NotAuthenticated):
        await at_work(tenant)
    with pytest.raises(NotAuthenticated):
        await open_session(engine, tenant.company_id, account, datetime.now(UTC))


@pytest.mark.parametrize("action", ACTIONS)
async def test_who_may_not(
    tenant: Tenant,
    path: str,
    new_tenant: NewTenant,
    open_browser: OpenBrowser,
    employee: Browser,
    admin: Browser,
    stored: ReadRows,
    action: str,
) -> None:
    before = await stored("employee", tenant.company_id)
    fields = ACTIONS[action]
    nobody = await open_browser().http.post(f"{path}/{action}", data=fields)
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/login")
    assert (await employee.send(f"{path}/{action}", **fields)).status_code == 403
    stranger = open_browser()
    await stranger.sign_in((await new_tenant()).admin)
    assert (await stranger.send(f"{path}/{action}", **fields)).status_code == 404
    assert (await admin.send(f"{path}/{action}", **fields, csrf_token="guess")).status_code == 403
    assert (await admin.send(f"/team/0/{action}", **fields)).status_code == 400
    assert (await admin.send(f"/team/{2**62}/{action}", **fields)).status_code == 404
    assert await stored("employee", tenant.company_id) == before


async def test_who_may_not_see(
    tenant: Tenant, path: str, new_tenant: NewTenant, open_browser: OpenBrowser, employee: Browser
) -> None:
    for page in (f"{path}/account", "/account"):
        assert (await open_browser().see(page)).headers["location"] == "/login"
    nobody = await open_browser().http.post("/account", data={"present": tenant.password, "new": NEW_PASSWORD})
    assert nobody.headers["location"] == "/login"
    assert (await employee.see(f"{path}/account")).status_code == 403
    stranger = open_browser()
    await stranger.sign_in((await new_tenant()).admin)
    assert (await stranger.see(f"{path}/account")).status_code == 404
    change = {"present": tenant.password, "new": NEW_PASSWORD}
    assert (await employee.send("/account", **change, csrf_token="guess")).status_code == 403


async def test_a_new_companys_admin_lands_in_it(new_key: NewKey, open_browser: OpenBrowser) -> None:
    """Also where the same e-mail and password open an older company."""
    account = {"name": "Ada", "email": "ada@two-companies.example", "password": "open sesame tonight"}
    for _ in range(3):
        company_id, key = await new_key()
        browser = open_browser()
        assert (await browser.http.post("/setup", data=account | {"key": key})).status_code == 303
        assert browser.http.cookies["workspace"].startswith(company_id.hex)
        assert "1 of 50 seats used" in (await browser.page("/team")).text
