"""Pages about one person: screenshots and tasks, for that person and the company's admins alone."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.db.store.scope import company_scope
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.sessions.store import sessions
from tracking.sessions.use_cases.lifecycle import start_session
from tracking.sign_in.use_cases.log_in import enrol_device, log_in

NO_SUCH_SCREENSHOT = "There is no such screenshot"
TASK = {"title": "Write the report", "description": "<b>today</b>", "due_date": "2026-01-31"}


def jpeg(colour: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (32, 18), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def capture(engine: AsyncEngine, pictures: PictureStore) -> Callable[[Any, datetime], Awaitable[UUID]]:
    """`await capture(tenant, at)`: a screenshot of the first employee; its id."""

    async def capture(tenant: Any, at: datetime) -> UUID:
        account = {"email": tenant.people[0], "password": tenant.password, "origin": "desktop"}
        signed_in = await log_in(engine, tenant.company_id, **account, now=at)
        device = await Authenticator(engine).device(tenant.company_id, signed_in.token)
        assert device is not None
        number = (await start_session(engine, tenant.company_id, device, desktop_time=at, now=at)).number
        async with company_scope(engine, tenant.company_id) as tx:
            session = await sessions.by_number(tx, number)
            assert session is not None
            taken = Screenshot(new_id(), device.employee_id, session.session_id, at, 32, 18, 1000)
            await screenshots.insert(tx, tenant.company_id, taken, at)
        await pictures.put(tenant.company_id, taken, jpeg("red"), jpeg("blue"))
        return taken.screenshot_id

    return capture


@pytest.fixture(scope="module")
async def shot(capture: Callable[[Any, datetime], Awaitable[UUID]], tenant: Tenant) -> UUID:
    return await capture(tenant, datetime.now(UTC))


@pytest.fixture
async def colleague(open_browser: OpenBrowser, tenant: Tenant) -> Browser:
    browser = open_browser()
    await browser.sign_in(tenant.people[1])
    return browser


@pytest.fixture
async def number(tenant: Tenant, stored: ReadRows) -> int:
    """The first employee's."""
    people = await stored("employee", tenant.company_id)
    number: int = next(row["number"] for row in people if row["email"] == tenant.people[0])
    return number


async def test_the_own_screenshots_and_the_companys_for_its_admin(
    admin: Browser, employee: Browser, shot: UUID, number: int
) -> None:
    for browser, path in ((employee, "/screenshots"), (admin, f"/team/{number}/screenshots")):
        assert (await browser.page(path)).all(f"img[src='/screenshots/{shot}/thumbnail']")
        for part, data in (("", jpeg("red")), ("/thumbnail", jpeg("blue"))):
            picture = await browser.see(f"/screenshots/{shot}{part}")
            assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
            assert picture.content == data


async def test_a_colleague_sees_none_of_them(colleague: Browser, shot: UUID, number: int) -> None:
    assert str(shot) not in (await colleague.see("/screenshots")).text
    assert (await colleague.see(f"/team/{number}/screenshots")).status_code == 403
    for part in ("", "/thumbnail"):
        reply = await colleague.see(f"/screenshots/{shot}{part}")
        assert reply.status_code == 404
        assert NO_SUCH_SCREENSHOT in Page(reply.text).text


async def test_another_companys_admin_sees_none_of_them(
    open_browser: OpenBrowser, new_tenant: NewTenant, shot: UUID, number: int
) -> None:
    other = await new_tenant()
    browser = open_browser()
    await browser.sign_in(other.admin)
    for path in (
        f"/screenshots/{shot}",
        f"/screenshots/{shot}/thumbnail",
        f"/team/{number}/screenshots",
        f"/team/{number}",
    ):
        assert (await browser.see(path)).status_code == 404
    assert (await browser.send(f"/team/{number}", **TASK)).status_code == 404


async def test_without_a_session(open_browser: OpenBrowser, shot: UUID, number: int) -> None:
    for path in ("/screenshots", f"/screenshots/{shot}", f"/team/{number}", f"/team/{number}/screenshots"):
        reply = await open_browser().see(path)
        assert (reply.status_code, reply.headers["location"]) == (303, "/login")
    reply = await open_browser().http.post(f"/team/{number}", data=TASK)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")


async def test_the_day_is_the_companys(
    new_tenant: NewTenant, open_browser: OpenBrowser, capture: Callable[[Any, datetime], Awaitable[UUID]]
) -> None:
    tenant = await new_tenant(time_zone="Asia/Tokyo")
    late = datetime.now(UTC).replace(hour=16) - timedelta(days=3)  # one in the night there, the day after
    shot = await capture(tenant, late)
    browser = open_browser()
    await browser.sign_in(tenant.people[0])
    day = late.date() + timedelta(days=1)
    page = await browser.page(f"/screenshots?day={day}")
    thumbnail = page.one(f"img[src='/screenshots/{shot}/thumbnail']")
    assert f"{day:%b %Y}, 01:" in thumbnail["alt"]
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        assert f"/screenshots?day={other}" in page.addresses
        assert str(shot) not in (await browser.see(f"/screenshots?day={other}")).text


@pytest.mark.parametrize("query", ["day=yesterday", "day=0001-01-01", "day=9999-12-31", "day=2026-02-30", "day="])
async def test_a_day_that_cannot_be(employee: Browser, query: str) -> None:
    assert (await employee.see(f"/screenshots?{query}")).status_code == 400


@pytest.mark.parametrize("path", ["/screenshots/{}", "/screenshots/none", "/screenshots/{}/thumbnail"])
async def test_a_picture_that_is_not_there(admin: Browser, path: str) -> None:
    assert (await admin.see(path.format(new_id()))).status_code in (400, 404)


async def test_a_removed_picture_is_not_shown(
    admin: Browser, tenant: Tenant, capture: Callable[[Any, datetime], Awaitable[UUID]], engine: AsyncEngine
) -> None:
    shot = await capture(tenant, datetime.now(UTC))
    assert (await admin.see(f"/screenshots/{shot}")).status_code == 200
    async with company_scope(engine, tenant.company_id) as tx:
        await screenshots.remove(tx, [shot], datetime.now(UTC))
    assert (await admin.see(f"/screenshots/{shot}")).status_code == 404


async def test_an_admin_gives_a_task(admin: Browser, employee: Browser, number: int) -> None:
    reply = await admin.send(f"/team/{number}", **TASK)
    assert (reply.status_code, reply.headers["location"]) == (303, f"/team/{number}")
    for page in (await admin.page(f"/team/{number}"), await employee.page("/")):
        assert {TASK["title"], TASK["description"]} <= set(page.texts("th bdi"))
        assert page.all("time[datetime='2026-01-31']")
        assert page.all("b") == []


async def test_an_employee_gives_none(employee: Browser, number: int) -> None:
    assert (await employee.see(f"/team/{number}")).status_code == 403
    assert (await employee.send(f"/team/{number}", **TASK)).status_code == 403


@pytest.mark.parametrize(
    "fields", [{"title": "  "}, {"title": "x" * 201}, {"due_date": "soon"}, {"description": "x" * 2001}]
)
async def test_a_task_that_cannot_be(admin: Browser, number: int, fields: dict[str, str]) -> None:
    assert (await admin.send(f"/team/{number}", **TASK | fields)).status_code == 400


@pytest.mark.parametrize("number", ["0", "-1", "one", str(2**63), "9" * 400])
async def test_a_person_that_cannot_be(admin: Browser, number: str) -> None:
    assert (await admin.see(f"/team/{number}")).status_code == 400
    assert (await admin.send(f"/team/{number}", **TASK)).status_code == 400


async def test_a_form_without_the_sessions_token(admin: Browser, number: int) -> None:
    assert (await admin.send(f"/team/{number}", **TASK, csrf_token="guess")).status_code == 403
    assert (await admin.http.post(f"/team/{number}", data=TASK)).status_code == 403


async def test_guessing_is_slowed_down(open_browser: OpenBrowser, new_tenant: NewTenant) -> None:
    tenant = await new_tenant()
    for email in (tenant.people[0], f"nobody@{tenant.company_id}.example"):
        codes = [(await open_browser().sign_in(email, f"guess {n}")).status_code for n in range(12)]
        assert codes == [401] * 10 + [429] * 2
    refused = await open_browser().sign_in(tenant.people[0])
    assert refused.status_code == 429
    assert "Too many attempts" in Page(refused.text).text
    assert (await open_browser().sign_in(tenant.admin)).status_code == 303


async def test_an_admin_revokes_one_device(
    admin: Browser, employee: Browser, tenant: Tenant, engine: AsyncEngine, stored: ReadRows
) -> None:
    about: dict[str, Any] = {
        "email": tenant.people[0],
        "password": tenant.password,
        "origin": "here",
        "now": datetime.now(UTC),
    }
    first, second = [
        await enrol_device(engine, tenant.company_id, name=name, **about) for name in ("Lap<b>top</b>", "Desk")
    ]
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    person = f"/team/{people[tenant.people[0]]}"
    shown = await admin.page(person)
    assert {"Lap<b>top</b>", "Desk"} <= set(shown.texts("th > bdi"))
    assert shown.all("b") == []
    path = f"{person}/devices/{first.device_id}/revoke"
    assert (await employee.send(path)).status_code == 403
    assert (await admin.send(path, csrf_token="guess")).status_code == 403
    assert (await admin.send(path)).status_code == 303
    revoked = {row["device_id"]: row["revoked_at"] for row in await stored("device", tenant.company_id)}
    assert revoked[first.device_id] is not None
    assert revoked[second.device_id] is None
    left = await admin.page(person)
    assert "Lap<b>top</b>" not in left.text
    assert path not in left.addresses
    assert (await admin.send(path)).status_code == 404


async def test_another_companys_device_is_not_to_be_revoked(
    admin: Browser, tenant: Tenant, new_tenant: NewTenant, engine: AsyncEngine, stored: ReadRows
) -> None:
    other = await new_tenant()
    about: dict[str, Any] = {
        "email": other.people[0],
        "password": other.password,
        "origin": "here",
        "now": datetime.now(UTC),
    }
    device = await enrol_device(engine, other.company_id, name="Laptop", **about)
    people = {row["email"]: row["number"] for row in await stored("employee", tenant.company_id)}
    path = f"/team/{people[tenant.people[0]]}/devices/{device.device_id}/revoke"
    assert (await admin.send(path)).status_code == 404
    assert [row["revoked_at"] for row in await stored("device", other.company_id)] == [None]
