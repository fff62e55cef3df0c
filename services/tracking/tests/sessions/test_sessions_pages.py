"""Pages of sessions: employees see their own, admins the company's, which they may end."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.checking.use_cases.import_history import ImportedSpan, import_history
from tracking.db.store.scope import companies_scope, company_scope
from tracking.devices.store.devices import Device
from tracking.devices.use_cases.authenticate import Authenticator
from tracking.ingest.store import records
from tracking.publishing.messages import company_month_event
from tracking.sessions.store import heartbeats
from tracking.sessions.use_cases.lifecycle import end_session, poll_session, start_session
from tracking.sessions.use_cases.show_sessions import SESSIONS_PER_PAGE
from tracking.sign_in.use_cases.log_in import enrol_device
from tracking.totals.rules.timeline import ActivityKind
from tracking.totals.use_cases import fold_company
from tracking.workspace.pages import rendering as pages

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
MORNING = [ImportedSpan(30_000, 7260, ActivityKind.ACTIVE), ImportedSpan(37_260, 60, ActivityKind.IDLE)]
EVENING = [ImportedSpan(70_000, 600, ActivityKind.ACTIVE)]


def moments(page: Page) -> list[str]:
    """The moments on a page, as machines read them."""
    return [str(each["datetime"]) for each in page.all("time[datetime]")]


@pytest.fixture
async def tenant(new_tenant: NewTenant) -> Any:
    """A company of the test's own, in Tokyo."""
    return await new_tenant(people=2, time_zone="Asia/Tokyo")


@pytest.fixture
def people(stored: ReadRows) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    """`await people(tenant)`: accounts by their e-mails."""

    async def read(tenant: Any) -> dict[str, Any]:
        return {row["email"]: row for row in await stored("employee", tenant.company_id)}

    return read


@pytest.fixture
def worked(engine: AsyncEngine, people: Callable[[Any], Awaitable[dict[str, Any]]]) -> Callable[..., Awaitable[None]]:
    """`await worked(tenant, days)`: what the first employee has done before."""

    async def add(tenant: Any, days: dict[date, list[ImportedSpan]], person: int = 0) -> None:
        whose = (await people(tenant))[tenant.people[person]]["employee_id"]
        await import_history(engine, tenant.company_id, whose, time_zone="Asia/Tokyo", days=days)
        while await fold_company(engine, tenant.company_id, company_month_event):
            pass

    return add


@pytest.fixture
def begin(engine: AsyncEngine) -> Callable[..., Awaitable[tuple[Device, int]]]:
    """`await begin(tenant)`: the first employee's device and the number of the session it has begun."""

    async def start(tenant: Any, person: int = 0) -> tuple[Device, int]:
        now = datetime.now(UTC)
        about = {"email": tenant.people[person], "password": tenant.password, "name": "Lap<b>top", "origin": "here"}
        enrolled = await enrol_device(engine, tenant.company_id, **about, now=now)
        device = await Authenticator(engine).device(tenant.company_id, enrolled.credential)
        assert device is not None
        return device, (await start_session(engine, tenant.company_id, device, desktop_time=now, now=now)).number

    return start


async def test_the_newest_first_with_what_was_counted(
    tenant: Tenant, worked: Callable[..., Awaitable[None]], admin: Browser, employee: Browser
) -> None:
    await worked(tenant, {MONDAY: [*MORNING, *EVENING], TUESDAY: EVENING})
    for browser in (admin, employee):
        page = await browser.page("/sessions")
        starts = {"2026-03-03 19:26", "2026-03-02 19:26", "2026-03-02 08:20"}
        assert [moment for moment in moments(page) if moment in starts] == sorted(starts, reverse=True)
        shown = [" | ".join(row) for row in page.rows()]
        assert any("Mon 2 Mar 2026, 08:20 | Mon 2 Mar 2026, 10:22 | 2 h 01 min | 1 min" in row for row in shown)
        assert sum("10 min | 0 min" in row for row in shown) == 2
    assert "Bo" in (await admin.page("/sessions")).texts("a > bdi:only-child")


async def test_a_session_over_midnight(
    tenant: Tenant, worked: Callable[..., Awaitable[None]], admin: Browser, stored: ReadRows
) -> None:
    await worked(
        tenant,
        {
            MONDAY: [ImportedSpan(86_400 - 300, 300, ActivityKind.ACTIVE)],
            TUESDAY: [ImportedSpan(0, 60, ActivityKind.IDLE)],
        },
    )
    assert ["5 min", "0 min", "Delete …"] in [row[-3:] for row in (await admin.page("/sessions")).rows()]
    [late, _early] = sorted(await stored("work_session", tenant.company_id), key=lambda row: row["started_at"])
    assert ["Active", "5 min"] in (await admin.page(f"/sessions/{late['number']}")).rows()


async def test_by_day_and_person(
    tenant: Tenant,
    worked: Callable[..., Awaitable[None]],
    admin: Browser,
    employee: Browser,
    people: Callable[[Any], Awaitable[dict[str, Any]]],
) -> None:
    await worked(tenant, {MONDAY: MORNING, TUESDAY: EVENING})
    await worked(tenant, {TUESDAY: MORNING}, person=1)
    monday, tuesday, colleagues = "2026-03-02 08:20", "2026-03-03 19:26", "2026-03-03 08:20"
    first, second = [(await people(tenant))[email]["number"] for email in tenant.people]
    shown = {
        "": {monday, tuesday, colleagues},
        f"day={MONDAY}&person=": {monday},  # in UTC it starts on Sunday
        f"day={TUESDAY}": {tuesday, colleagues},
        f"person={second}&day=": {colleagues},
        f"person={first}&day={TUESDAY}": {tuesday},
    }
    for query, expected in shown.items():
        page = await admin.page(f"/sessions?{query}")
        assert {monday, tuesday, colleagues}.intersection(moments(page)) == expected, query
    page = await employee.page(f"/sessions?person={second}")
    assert {monday, tuesday, colleagues}.intersection(moments(page)) == {monday, tuesday}, "only the own"


async def test_a_page_is_of_one_zone_the_viewers(
    tenant: Tenant,
    worked: Callable[..., Awaitable[None]],
    admin: Browser,
    employee: Browser,
    people: Callable[[Any], Awaitable[dict[str, Any]]],
) -> None:
    """A session has the same times on every page of one viewer, and is found on the day that they show."""
    await worked(tenant, {MONDAY: MORNING})
    account = (await people(tenant))[tenant.people[0]]
    fields = {"name": "Bo", "email": tenant.people[0], "role": "EMPLOYEE", "time_zone": "America/New_York"}
    assert (await admin.send(f"/team/{account['number']}/account", **fields)).status_code == 303
    sunday = MONDAY - timedelta(days=1)
    page = await employee.page(f"/sessions?day={sunday}")
    assert "Days and times in America/New_York." in page.text
    assert "2026-03-01 18:20" in moments(page)
    assert "2026-03-01 18:20" not in moments(await employee.page(f"/sessions?day={MONDAY}"))
    home = await employee.page("/")
    assert "days in Asia/Tokyo" in home.text
    assert "Times in America/New_York." in home.text
    assert "2026-03-01 18:20" in moments(home)
    assert "2026-03-02 08:20" not in moments(home)
    theirs = await admin.page(f"/sessions?day={MONDAY}")
    assert "Days and times in Asia/Tokyo." in theirs.text
    assert "2026-03-02 08:20" in moments(theirs)


def test_a_time_of_day_that_comes_twice_says_which_it_is() -> None:
    autumn = [datetime(2026, 10, 24, 23, 40, tzinfo=UTC) + timedelta(minutes=40 * n) for n in range(5)]
    assert [pages._time_of_day(moment, "Europe/Berlin") for moment in autumn] == [
        "01:40",
        "02:20 +02:00",
        "02:00 +01:00",
        "02:40 +01:00",
        "03:20",
    ]
    clock = Page(pages._clock(autumn[2], "Europe/Berlin"))
    assert (clock.text, moments(clock)) == ("Sun 25 Oct 2026, 02:00 +01:00", ["2026-10-25 02:00+01:00"])
    spring = [datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)]
    assert [pages._time_of_day(moment, "Europe/Berlin") for moment in spring] == ["01:59", "03:00"]


async def test_a_page_at_a_time_in_few_statements(
    tenant: Tenant, worked: Callable[..., Awaitable[None]], admin: Browser, engine: AsyncEngine
) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(SESSIONS_PER_PAGE + 1)]
    await worked(tenant, dict.fromkeys(days, MORNING))
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        first = await admin.page("/sessions")
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert 0 < len(statements) <= 9, statements
    assert [row[-3] for row in first.rows("tbody tr")] == ["2 h 01 min"] * SESSIONS_PER_PAGE
    assert "Newest" not in first.text
    older = str(first.one("a[rel=next]")["href"])
    assert older.startswith("/sessions?day=&person=&after=")
    second = await admin.page(older)
    assert [row[-3] for row in second.rows("tbody tr")] == ["2 h 01 min"]
    assert f"{MONDAY} 08:20" in moments(second)
    assert "Newest" in second.text
    assert "Older" not in second.text


@pytest.mark.parametrize(
    "query",
    [
        "day=soon",
        "day=0001-01-01",
        "day=9999-12-31",
        "day=2026-02-30",
        "person=x",
        "person=²",
        "after=0",
        "after=x_y",
        "after=1_",
        f"after={10**60}_{'0' * 32}",
    ],
)
async def test_a_question_that_cannot_be(admin: Browser, query: str) -> None:
    assert (await admin.see(f"/sessions?{query}")).status_code == 400


async def test_a_person_of_another_company(
    admin: Browser, new_tenant: NewTenant, people: Callable[[Any], Awaitable[dict[str, Any]]]
) -> None:
    other = await new_tenant()
    number = (await people(other))[other.people[0]]["number"]
    for person in (number, "9" * 20):
        assert (await admin.see(f"/sessions?person={person}")).status_code == 404


async def test_one_session(
    tenant: Tenant, begin: Callable[..., Awaitable[tuple[Device, int]]], admin: Browser, employee: Browser
) -> None:
    _device, number = await begin(tenant)
    for browser in (admin, employee):
        page = await browser.page(f"/sessions/{number}")
        assert "Lap<b>top" in page.texts("td > bdi")
        assert page.all("b") == []
        assert "running" in page.text
    assert "End this session" not in (await employee.page(f"/sessions/{number}")).text


async def test_an_admin_ends_an_open_session(
    tenant: Tenant,
    begin: Callable[..., Awaitable[tuple[Device, int]]],
    admin: Browser,
    engine: AsyncEngine,
    heartbeat: AsyncEngine,
    stored: ReadRows,
) -> None:
    device, number = await begin(tenant)
    assert await poll_session(engine, tenant.company_id, device, number=number)
    reply = await admin.send(f"/sessions/{number}/end")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/sessions/{number}")
    assert "by an admin" in (await admin.page(f"/sessions/{number}")).text
    assert not await poll_session(engine, tenant.company_id, device, number=number), "its tracker hears of it"
    now = datetime.now(UTC)
    ended = await end_session(engine, tenant.company_id, device, number=number, desktop_time=now, now=now)
    assert ended.is_known
    [row] = await stored("work_session", tenant.company_id)
    async with companies_scope(heartbeat, [tenant.company_id]) as tx:
        await heartbeats.saw_running(tx, [(tenant.company_id, row["session_id"], device.device_id, now)])
    async with company_scope(engine, tenant.company_id) as tx:
        assert await records.end_sessions(tx, {row["session_id"]: now}) == set()
    [row] = await stored("work_session", tenant.company_id)
    assert (row["ended_at"], row["ended_by"]) == (row["last_seen_at"], "ADMIN"), "for good"
    again = await admin.send(f"/sessions/{number}/end")
    assert again.status_code == 409
    assert "has ended already" in Page(again.text).text


async def test_who_may_not(
    tenant: Tenant,
    begin: Callable[..., Awaitable[tuple[Device, int]]],
    new_tenant: NewTenant,
    open_browser: OpenBrowser,
    admin: Browser,
    employee: Browser,
    stored: ReadRows,
) -> None:
    _device, number = await begin(tenant, person=1)
    for path in ("/sessions", f"/sessions/{number}"):
        assert (await open_browser().see(path)).headers["location"] == "/login"
    nobody = await open_browser().http.post(f"/sessions/{number}/end")
    assert nobody.headers["location"] == "/login"
    assert (await employee.see(f"/sessions/{number}")).status_code == 404, "a colleague's"
    assert (await employee.send(f"/sessions/{number}/end")).status_code == 403
    stranger = open_browser()
    await stranger.sign_in((await new_tenant()).admin)
    assert "No sessions" in (await stranger.page("/sessions")).text
    assert (await stranger.see(f"/sessions/{number}")).status_code == 404
    assert (await stranger.send(f"/sessions/{number}/end")).status_code == 404
    assert (await admin.send(f"/sessions/{number}/end", csrf_token="guess")).status_code == 403
    for wrong in ("0", "-1", new_id(), str(2**63)):
        assert (await admin.see(f"/sessions/{wrong}")).status_code == 400
    [row] = await stored("work_session", tenant.company_id)
    assert row["ended_at"] is None
