"""Reports: admins see everyone of their company, employees themselves; days are the company's."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.ids import new_id
from services.tracking.tests.fixtures.platform import NewTenant, ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.db.store.scope import company_scope
from tracking.reports import store as reports
from tracking.reports.use_cases import show_daily, show_monthly, show_top_use
from tracking.totals.rules.daybook import EmployeeTotals
from tracking.totals.store import employee_days

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TARGET = 8 * 3600
DAYS = {  # of the first and the second employee
    date(2026, 2, 28): (EmployeeTotals(3600, 0, 1, 1), EmployeeTotals()),
    date(2026, 3, 1): (EmployeeTotals(TARGET, 600, 2, 3), EmployeeTotals(7200, 60, 1, 0)),
    date(2026, 3, 2): (EmployeeTotals(5400, 0, 1, 2), EmployeeTotals()),
    date(2026, 3, 31): (EmployeeTotals(60, 0, 1, 0), EmployeeTotals(TARGET + 1, 0, 1, 0)),
    date(2026, 4, 1): (EmployeeTotals(3600, 0, 1, 1), EmployeeTotals()),
}
PAGES = ("/reports", "/reports/monthly", "/reports/use")
FILES = ("/reports/daily.csv", "/reports/people.csv", "/reports/days.csv", "/reports/use.csv")
MARCH = "first=2026-03-01&last=2026-03-31"
USE = text("""
    INSERT INTO usage_record (company_id, record_id, employee_id, kind, at, seconds, name, detail)
    VALUES (:company_id, :record_id, :employee_id, :kind, :at, :seconds, :name, '')
""")


@pytest.fixture(scope="module")
async def ids(tenant: Any, stored: ReadRows) -> dict[str, UUID]:
    """The people of the company, by e-mail."""
    return {row["email"]: row["employee_id"] for row in await stored("employee", tenant.company_id)}


@pytest.fixture(scope="module", autouse=True)
async def worked(tenant: Any, ids: dict[str, UUID], engine: AsyncEngine, superuser: AsyncEngine) -> None:
    people = [ids[email] for email in tenant.people]
    totals = {(who, day): total for day, both in DAYS.items() for who, total in zip(people, both, strict=True)}
    async with company_scope(engine, tenant.company_id) as tx:
        await employee_days.put(tx, tenant.company_id, totals)
    uses = [
        (people[0], "a", datetime(2026, 3, 1, 0, 1, 40, tzinfo=UTC), 100, "=Editor"),
        (people[1], "a", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), 300, "=Editor"),
        (people[1], "a", datetime(2026, 3, 5, tzinfo=UTC), 900, "Secret <b>tool</b>"),
        (people[0], "w", datetime(2026, 3, 5, tzinfo=UTC), 50, "docs.example"),
        (people[0], "w", datetime(2026, 4, 1, 2, tzinfo=UTC), 5000, "later.example"),
        (people[0], "w", datetime(2026, 3, 1, tzinfo=UTC), 5000, "before.example"),
    ]
    async with superuser.begin() as tx:
        for employee_id, kind, at, seconds, name in uses:
            whose = {"company_id": tenant.company_id, "record_id": new_id(), "employee_id": employee_id}
            await tx.execute(USE, whose | {"kind": kind, "at": at, "seconds": seconds, "name": name})


@pytest.fixture
async def stranger(open_browser: OpenBrowser, new_tenant: NewTenant) -> Browser:
    """Another company's admin."""
    browser = open_browser()
    await browser.sign_in((await new_tenant()).admin)
    return browser


def table(reply: Any) -> list[list[str]]:
    """A file's rows without its header."""
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"].startswith('attachment; filename="')
    assert reply.headers["cache-control"] == "no-store"
    assert reply.text.endswith("\r\n")
    return list(csv.reader(io.StringIO(reply.text, newline="")))[1:]


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", count)


async def test_an_admins_day_against_the_target(admin: Browser, tenant: Tenant) -> None:
    page = await admin.page("/reports?day=2026-03-01")
    for words in ("8 h 00 min", "100 %", "2 h 00 min", "25 %", *tenant.people, tenant.admin):
        assert words in page.text
    rows = table(await admin.see("/reports/daily.csv?day=2026-03-01"))
    assert [[day, email, *numbers] for day, _name, email, *numbers in rows] == [
        ["2026-03-01", tenant.admin, "0", "0", "0", "0", "0", "0"],
        ["2026-03-01", tenant.people[0], str(TARGET), "600", "2", "3", "1", "1"],
        ["2026-03-01", tenant.people[1], "7200", "60", "1", "0", "1", "0"],
    ]


async def test_an_admins_month_by_person_and_by_day(admin: Browser, tenant: Tenant) -> None:
    page = await admin.page("/reports/monthly?month=2026-03")
    assert {"/reports/monthly?month=2026-02", "/reports/monthly?month=2026-04"} <= set(page.addresses)
    people = table(await admin.see("/reports/people.csv?month=2026-03"))
    assert [[email, *numbers] for _month, _name, email, *numbers in people] == [
        [tenant.admin, "0", "0", "0", "0", "0", "0"],
        [tenant.people[0], str(TARGET + 5460), "600", "4", "5", "3", "1"],
        [tenant.people[1], str(7200 + TARGET + 1), "60", "2", "0", "2", "1"],
    ]
    assert table(await admin.see("/reports/days.csv?month=2026-03")) == [
        ["2026-03-01", str(TARGET + 7200), "660", "3", "3", "2", "1"],
        ["2026-03-02", "5400", "0", "1", "2", "1", "0"],
        ["2026-03-31", str(60 + TARGET + 1), "0", "2", "0", "2", "1"],
    ]


async def test_the_top_of_a_range(admin: Browser) -> None:
    reply = await admin.see(f"/reports/use?{MARCH}")
    page = Page(reply.text)
    assert {"Secret <b>tool</b>", "docs.example"} <= set(page.texts("th > bdi"))
    assert page.all("b") == []
    for outside in ("later.example", "before.example"):
        assert outside not in reply.text


async def test_a_cell_that_a_spreadsheet_would_run_is_harmless(admin: Browser) -> None:
    assert table(await admin.see(f"/reports/use.csv?{MARCH}")) == [
        ["application", "Secret <b>tool</b>", "900", "1"],
        ["application", "'=Editor", "400", "2"],
        ["website", "docs.example", "50", "1"],
    ]


async def test_an_employee_sees_the_own_ones_alone(employee: Browser, tenant: Tenant) -> None:
    days = table(await employee.see("/reports/daily.csv?day=2026-03-01"))
    assert [row[2:] for row in days] == [[tenant.people[0], str(TARGET), "600", "2", "3", "1", "1"]]
    people = table(await employee.see("/reports/people.csv?month=2026-03"))
    assert [row[2:4] for row in people] == [[tenant.people[0], str(TARGET + 5460)]]
    own = table(await employee.see("/reports/days.csv?month=2026-03"))
    assert [row[:2] for row in own] == [["2026-03-01", str(TARGET)], ["2026-03-02", "5400"], ["2026-03-31", "60"]]
    use = table(await employee.see(f"/reports/use.csv?{MARCH}"))
    assert use == [["application", "'=Editor", "100", "1"], ["website", "docs.example", "50", "1"]]
    for path in ("/reports?day=2026-03-01", "/reports/monthly?month=2026-03", f"/reports/use?{MARCH}"):
        reply = await employee.see(path)
        for others in (tenant.people[1], tenant.admin, "Secret"):
            assert others not in reply.text


async def test_how_many_worked_is_for_whoever_sees_more_than_one(admin: Browser, employee: Browser) -> None:
    names, worked = ["Day", "Active", "Idle", "Days on target", "Sessions", "Screenshots"], "People who worked"
    theirs = ["Tue 31 Mar 2026", "1 min", "0 min", "0", "1", "0"]
    everyones = ["Tue 31 Mar 2026", "8 h 01 min", "0 min", "2", "1", "2", "0"]
    for browser, header, day in ((employee, names, theirs), (admin, [*names[:3], worked, *names[3:]], everyones)):
        rows = (await browser.page("/reports/monthly?month=2026-03")).rows()
        assert header in rows
        assert day in rows


async def test_another_companys_admin_sees_nothing_of_it(stranger: Browser, tenant: Tenant) -> None:
    for path in ("/reports?day=2026-03-01", "/reports/monthly?month=2026-03", f"/reports/use?{MARCH}"):
        reply = await stranger.see(path)
        assert reply.status_code == 200
        for words in (*tenant.people, "Editor", "docs.example", "100 %"):
            assert words not in reply.text
    assert table(await stranger.see("/reports/days.csv?month=2026-03")) == []
    assert table(await stranger.see(f"/reports/use.csv?{MARCH}")) == []


@pytest.mark.parametrize("path", [*PAGES, *FILES])
async def test_without_a_session(open_browser: OpenBrowser, path: str) -> None:
    reply = await open_browser().see(path)
    assert (reply.status_code, reply.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("path", [*PAGES, *FILES])
async def test_what_there_is_without_a_choice(admin: Browser, employee: Browser, path: str) -> None:
    for browser in (admin, employee):
        assert (await browser.see(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/reports?day=soon",
        "/reports?day=0001-01-01",
        "/reports/daily.csv?day=9999-12-31",
        "/reports/monthly?month=2026-13",
        "/reports/monthly?month=9999-12",
        "/reports/people.csv?month=x",
        "/reports/days.csv?month=2026-03-01",
        "/reports/use?first=2026-03-02&last=2026-03-01",
        "/reports/use?first=2026-01-01&last=2026-04-03",
        "/reports/use.csv?first=0001-01-01",
        "/reports/use.csv?last=9999-12-31",
    ],
)
async def test_days_that_cannot_be(employee: Browser, path: str) -> None:
    assert (await employee.see(path)).status_code == 400


async def test_the_longest_range(admin: Browser) -> None:
    assert (await admin.see("/reports/use?first=2026-01-01&last=2026-04-02")).status_code == 200


async def test_the_range_is_made_of_the_companys_days(
    new_tenant: NewTenant, engine: AsyncEngine, superuser: AsyncEngine, stored: ReadRows
) -> None:
    tenant = await new_tenant(time_zone="Asia/Tokyo")
    (who, *_) = [row["employee_id"] for row in await stored("employee", tenant.company_id)]
    async with superuser.begin() as tx:
        for second, name in ((0, "before"), (1, "during")):  # midnight there is at 15:00 UTC
            at = datetime(2026, 3, 1, 15, 0, second, tzinfo=UTC)
            whose = {"company_id": tenant.company_id, "record_id": new_id(), "employee_id": who}
            await tx.execute(USE, whose | {"kind": "a", "at": at, "seconds": 1, "name": name})
    day = date(2026, 3, 2)
    shown = await show_top_use(engine, tenant.company_id, only_of=None, first=day, last=day, now=NOW)
    assert [use.name for use in shown.applications] == ["during"]
    daily = await show_daily(engine, tenant.company_id, only_of=None, day=None, now=NOW.replace(hour=20))
    assert daily.day == date(2026, 3, 11)


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("day", [date(2026, 3, 10), date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 31)])
@pytest.mark.parametrize(
    ("ended", "seconds", "first", "second"),
    [
        (600, 1200, 600, 600),  # 23:50 to 00:10
        (0, 3600, 3600, 0),  # 23:00 to 24:00
        (3600, 3600, 0, 3600),
        (1, 1, 0, 1),
        (0.5, 1, 1, 0),  # whose second began before midnight
        (7200, 10 * 3600, 8 * 3600, 7200),
        (24 * 3600, 40 * 3600, 16 * 3600, None),
    ],
)
async def test_use_is_split_at_the_companys_midnight(
    new_tenant: NewTenant,
    engine: AsyncEngine,
    superuser: AsyncEngine,
    stored: ReadRows,
    day: date,
    ended: float,
    seconds: int,
    first: int,
    second: int | None,
) -> None:
    """Whatever its id says of its time; the days of both clock changes have 23 and 25 hours."""
    tenant = await new_tenant(people=0, time_zone="Europe/Berlin")
    [row] = await stored("employee", tenant.company_id)
    next_day = day + timedelta(days=1)
    midnight = datetime.combine(next_day, datetime.min.time(), BERLIN).astimezone(UTC)
    at = midnight + timedelta(seconds=ended)
    async with superuser.begin() as tx:
        for number, record_id in enumerate((timed(at, 1), uuid4())):
            use = {"company_id": tenant.company_id, "employee_id": row["employee_id"], "kind": "a", "at": at}
            await tx.execute(USE, use | {"record_id": record_id, "seconds": seconds, "name": str(number)})
    of_second = seconds - first if second is None else second
    for shown_day, expected in ((day, first), (next_day, min(of_second, 86_400))):
        shown = await show_top_use(engine, tenant.company_id, only_of=None, first=shown_day, last=shown_day, now=NOW)
        found = {use.name: use.seconds for use in shown.applications}
        assert found == ({"0": expected, "1": expected} if expected else {}), shown_day
    both = await show_top_use(engine, tenant.company_id, only_of=None, first=day, last=next_day, now=NOW)
    assert {use.seconds for use in both.applications} == {first + min(of_second, 86_400)}


@pytest.mark.parametrize("people", [1, 4])
async def test_each_report_has_its_fixed_number_of_statements(
    engine: AsyncEngine, new_tenant: NewTenant, people: int
) -> None:
    company_id = (await new_tenant(people=people)).company_id
    about: dict[str, Any] = {"only_of": None, "now": NOW}
    with counted(engine) as statements:
        await show_daily(engine, company_id, day=None, **about)
    assert len(statements) == 5  # the scope, the company, its settings, its people, their days
    with counted(engine) as statements:
        await show_monthly(engine, company_id, month=None, **about)
    assert len(statements) == 6
    with counted(engine) as statements:
        await show_top_use(engine, company_id, first=None, last=None, **about)
    assert len(statements) == 6


async def test_the_top_is_read_by_the_key_and_where_ids_tell_no_time_by_an_index_of_its_own(
    engine: AsyncEngine, superuser: AsyncEngine, new_tenant: NewTenant, stored: ReadRows
) -> None:
    crowd = await new_tenant()
    (who, *_) = [row["employee_id"] for row in await stored("employee", crowd.company_id)]
    async with superuser.begin() as tx:
        filler = text("""
            INSERT INTO usage_record (company_id, record_id, employee_id, kind, at, seconds, name, detail)
            SELECT :company_id, overlay(CAST(first_record_id(at) AS text) PLACING '7000-8' FROM 15 FOR 6)::uuid, :who,
                'a', at, 1, 'x', ''
            FROM generate_series(timestamptz '2026-03-01', timestamptz '2026-03-15', interval '1 minute') at
        """)
        await tx.execute(filler, {"company_id": crowd.company_id, "who": who})
        await tx.execute(text("ANALYZE usage_record"))
    start = datetime(2026, 3, 2, tzinfo=UTC)
    values = {"employee_ids": [who], "kind": "a", "start": start, "end": start + timedelta(days=1), "limit": 50}
    async with company_scope(engine, crowd.company_id) as tx:
        plan = "\n".join((await tx.execute(text(f"EXPLAIN {reports.TOP.text}"), values)).scalars())
    for index, columns in {
        "usage_record_pkey": ("company_id =", "employee_id =", "record_id >=", "record_id <="),
        "usage_record_off_the_clock": ("company_id =", "employee_id =", "at >=", "at <"),
    }.items():
        _before, _name, scan = plan.partition(index)
        condition = next(line for line in scan.splitlines() if "Index Cond" in line)
        assert all(column in condition for column in columns), plan


TWELVE = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOMENTS = st.integers(-7300, 7300).map(lambda seconds: TWELVE + timedelta(seconds=seconds))


def timed(at: datetime, number: int) -> UUID:
    """A UUIDv7 of that moment."""
    return UUID(bytes=(int(at.timestamp()) * 1000).to_bytes(6, "big") + b"\x70\0\x80" + number.to_bytes(7, "big"))


def version_1(at: datetime, number: int) -> UUID:
    """A UUID of that moment, which other fields come before."""
    ticks = (int(at.timestamp()) + 12_219_292_800) * 10_000_000
    low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0xFFF
    return UUID(fields=(low, middle, 0x1000 | high, 0x80, 0, number))


@given(
    uses=st.lists(st.tuples(MOMENTS, MOMENTS | st.none() | st.just("version 1")), min_size=1, max_size=30),
    bounds=st.tuples(MOMENTS, MOMENTS),
)
@settings(max_examples=40)
async def test_use_is_found_by_its_time_whatever_its_id_says(
    superuser: AsyncEngine,
    tenant: Any,
    ids: dict[str, UUID],
    uses: list[tuple[datetime, datetime | str | None]],
    bounds: tuple[datetime, datetime],
) -> None:
    """Each use has the moment it was, and the one that its id says, which may be no time at all."""
    who = ids[tenant.people[0]]
    start, end = sorted(bounds)

    async with superuser.connect() as connection:
        await connection.execute(text("DELETE FROM usage_record WHERE employee_id = :who"), {"who": who})
        for number, (at, said) in enumerate(uses):
            row = {"company_id": tenant.company_id, "employee_id": who, "kind": "a", "at": at, "name": "x"}
            if isinstance(said, datetime):
                record_id = timed(said, number)
            else:
                record_id = version_1(at, number) if said else uuid4()
            await connection.execute(USE, row | {"record_id": record_id, "seconds": 1})
        top = await reports.top(connection, [who], "a", start, end, limit=5)
        await connection.rollback()
    expected = sum(start < at <= end for at, _said in uses)
    assert top == ([reports.UseTotal("x", expected, 1)] if expected else [])
