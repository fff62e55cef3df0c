"""The dashboard: its numbers, its URL, what it costs."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.dashboard.rules.listing import CHOOSABLE, Column, Listing
from owner_portal.dashboard.rules.totals import CompanyRow
from owner_portal.dashboard.store import company_rows
from owner_portal.dashboard.use_cases import Dashboard, Dashboards
from owner_portal.directory.rules import CompanyState, Status
from owner_portal.reports import store
from owner_portal.reports.rules.reports import Summary
from owner_portal.usage.rules import PlatformDay, change_of_whole_days
from servicekit.errors import Unavailable
from testkit.pages import Page, text_of

TODAY = datetime.now(UTC).date()
NOW = datetime.now(UTC)
GB = 10**9


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements of the block."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def show(engine: AsyncEngine, **view: Any) -> Dashboard:
    return await Dashboards(engine).show(Listing(**view))


@pytest.fixture(scope="module")
async def companies(model: Any) -> dict[str, UUID]:
    """One company of each kind; Acme has 80 days of work and a storage level that rises."""
    ids = {name: await model.company(name) for name in ("Acme", "Brill", "Cancelled", "Ended", "Late", "New")}
    ids["Stopped"] = await model.company("Stopped <script>", state=CompanyState.SUSPENDED)
    ids["Gone"] = await model.company("Gone", state=CompanyState.CLOSED)
    states = {"Acme": Status.ACTIVE, "Brill": Status.TRIAL, "Cancelled": Status.CANCELLED, "Late": Status.PAST_DUE}
    for name, state in states.items():
        await model.subscription(ids[name], state)
    await model.subscription(ids["Ended"], Status.TRIAL, days_left=-1)
    await model.subscription(ids["Stopped"])
    await model.synced(ids["Acme"], NOW - timedelta(hours=3, minutes=5))
    await model.synced(ids["Brill"], NOW - timedelta(hours=25))
    for age in range(80):
        day, minutes = TODAY - timedelta(days=age), 100 if age < 40 else 50
        await model.day(ids["Acme"], day, minutes=minutes, storage=(90 - age) * GB, screenshots=7, seats_used=9)
    await model.day(ids["Brill"], TODAY - timedelta(days=8), minutes=1000, storage=5 * GB, screenshots=1)
    await model.day(ids["Gone"], TODAY - timedelta(days=100), storage=700 * GB)
    return ids


def cells(part: Page) -> dict[str, str]:
    """The values of the cells in a part of the page."""
    return {str(cell["data-cell"]): str(cell.get("value", text_of(cell))) for cell in part.all("[data-cell]")}


@pytest.mark.usefixtures("companies")
async def test_totals(owner: Any, engine: AsyncEngine) -> None:
    shown = cells(Page((await owner.browser.get("/owner/dashboard/")).text).part("[data-totals]"))
    assert shown["companies"] == "7", "closed ones are not among them"
    assert {status: shown[f"count-{status}"] for status in Status} == dict.fromkeys(Status, "1")
    assert (await owner.read("/owner/dashboard/"))["storage_used"] == 95 * GB, "nor is what they have stored"
    assert shown["unsynced"] == "6"
    assert [int(shown[f"minutes-{days}"]) // 60 for days in (1, 7, 30)] == [100, 700, 4000]
    assert "minutes-1-change" not in shown, "today is not over"
    days = (await Dashboards(engine).summary()).overview.days
    change = change_of_whole_days(days, "active_seconds", 30)
    assert change is not None
    assert float(shown["minutes-30-change"]) == change > 0
    assert [shown[f"screenshots-{days}"] for days in (1, 7, 30)] == ["7", "49", "211"]
    assert [shown[f"sessions-{days}"] for days in (1, 7, 30)] == ["1", "7", "31"]
    assert shown["storage-used"] == str(95 * GB), "a level: the latest of each company, not a sum over days"
    assert shown["mrr"] == "29700", "all paying companies that do not end, suspended or not"
    assert "mrr-change" not in shown, "the earlier value is unknown"


def test_a_change_is_one_of_whole_days() -> None:
    def day(age: int, seconds: int) -> PlatformDay:
        return PlatformDay(TODAY - timedelta(days=age), age > 1, 1, seconds, 0, 1, 0)

    seconds = [100] * 7 + [150] * 7 + [1, 2]  # the last two dates go on somewhere
    days = [day(len(seconds) - 1 - place, each) for place, each in enumerate(seconds)]
    assert change_of_whole_days(days, "active_seconds", 7) == 50
    assert change_of_whole_days(days, "sessions", 7) == 0
    assert change_of_whole_days(days, "screenshots", 7) is None, "there were none"


async def test_row(owner: Any, companies: dict[str, UUID]) -> None:
    page = Page((await owner.browser.get("/owner/dashboard/")).text)
    shown = cells(page.part(f'[data-company="{companies["Acme"]}"]'))
    assert shown["plan"] == "PRO"
    assert shown["status"] == "Active"
    assert (shown["seats"], shown["seats-limit"]) == ("9", "50")
    assert shown["minutes"] == str(3000 * 60)
    assert shown["screenshots"] == "210"
    assert (shown["storage"], shown["storage-limit"]) == (str(90 * GB), str(100 * GB))
    assert page.links["Acme"] == f"/owner/company/{companies['Acme']}/"
    assert "Stopped <script>" in page.links


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize(
    "path",
    ["/owner/dashboard/", "/owner/dashboard/?sort=minutes&dir=desc", "/owner/dashboard/?q=e&plan=PRO&page=1"],
)
async def test_costs_six_statements_at_most(owner: Any, engine: AsyncEngine, path: str) -> None:
    await owner.browser.get(path)
    with counted(engine) as statements:
        assert (await owner.browser.get(path)).status_code == 200
    assert len(statements) <= 6, statements


@pytest.mark.usefixtures("companies")
async def test_what_was_read_is_shown_again_for_a_while(engine: AsyncEngine) -> None:
    dashboards = Dashboards(engine, max_age=60)
    await dashboards.summary()
    with counted(engine) as statements:
        first, same = await asyncio.gather(dashboards.show(Listing()), dashboards.show(Listing()))
    assert first is same
    assert len(statements) == 1, statements
    with counted(engine) as statements:
        await dashboards.show(Listing(choice="TRIAL"))
    assert len(statements) == 1, statements
    dashboards.forget()
    assert await dashboards.show(Listing()) is not first


async def test_a_failure_is_not_kept(engine: AsyncEngine) -> None:
    dashboards = Dashboards(engine, max_age=60)
    beyond = Listing(page=10**30)  # no offset of PostgreSQL's
    for _ in range(2):
        with pytest.raises(DBAPIError):
            await dashboards.show(beyond)
    assert (await dashboards.show(Listing())).rows


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize(
    ("view", "names"),
    [
        ({"search": "ACME"}, ["Acme"]),
        ({"search": "office@late."}, ["Late"]),
        ({"search": "%"}, []),
        ({"choice": "SUSPENDED"}, ["Stopped"]),
        ({"choice": "EXPIRED"}, ["Ended"]),
        ({"choice": "CLOSED"}, ["Gone"]),
        ({"choice": "PENDING"}, ["New"]),
        ({"choice": "UNSYNCED", "search": "ril"}, ["Brill"]),
        ({"plan": "PRO", "choice": "TRIAL"}, ["Brill"]),
        ({"plan": "NONE"}, []),
        (
            {"search": "e", "sort": Column.NAME, "descending": True},
            ["Stopped", "New", "Late", "Ended", "Cancelled", "Brill", "Acme"],
        ),
    ],
)
async def test_finds(engine: AsyncEngine, view: Any, names: list[str]) -> None:
    shown = await show(engine, **view)
    assert [row.name.removesuffix(" <script>") for row in shown.rows] == names
    assert shown.matches == len(names)


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", Column)
async def test_sorts_by_every_column(engine: AsyncEngine, sort: Column, descending: bool) -> None:
    shown = await show(engine, sort=sort, descending=descending)
    assert len(shown.rows) == 7
    names = [row.name for row in shown.rows]
    first = names if descending else names[::-1]
    if sort in {Column.MINUTES, Column.SCREENSHOTS, Column.SYNC, Column.STORAGE}:
        assert first[:2] == ["Acme", "Brill"]


@pytest.mark.usefixtures("companies")
async def test_pages(owner: Any, model: Any, engine: AsyncEngine) -> None:
    for number in range(50):
        await model.company(f"Many {number:02}")
    first = await show(engine, search="many ")
    assert (len(first.rows), first.matches, first.pages) == (50, 50, 1)
    for view in ({"choice": "PENDING"}, {}, {"choice": "UNSYNCED"}):
        ids = [row.company_id for page in (1, 2) for row in (await show(engine, page=page, **view)).rows]
        matches = {(await show(engine, page=page, **view)).matches for page in (1, 2)}
        assert {len(ids), len(set(ids))} == matches
    page = Page((await owner.browser.get("/owner/dashboard/?page=2")).text)
    assert "Page 2 of 2" in page.part("nav[aria-label=Pages]").text
    answer = await owner.browser.get("/owner/dashboard/?page=9&status=TRIAL")
    assert answer.headers["location"] == "/owner/dashboard/?status=TRIAL"
    for strange in ("?page=x&sort=none&dir=up&status=ODD&column=x", f"?page={'9' * 40}", "?q=%00%F0%28"):
        assert (await owner.browser.get(f"/owner/dashboard/{strange}")).status_code in {200, 303}


def test_a_view_stands_in_its_address() -> None:
    view = Listing(
        search="a&b", choice="TRIAL", plan="PRO", sort=Column.SEATS, descending=True, page=3, columns=CHOOSABLE[:2]
    )
    assert Listing.read(view.query()) == view
    assert view.url().startswith("/owner/dashboard/?q=a%26b&status=TRIAL&plan=PRO&sort=seats&dir=desc&page=3&column=")
    assert Listing().url() == "/owner/dashboard/"
    assert view.sorted_by(Column.SEATS) == Listing.read([*view.query(), ("dir", "asc"), ("page", "1")])
    assert view.sorted_by(Column.NAME).descending is False
    assert view.everything().query() == Listing.read(view.everything().query()).query()


@pytest.mark.usefixtures("companies")
async def test_columns_can_be_left_out(owner: Any) -> None:
    page = Page((await owner.browser.get("/owner/dashboard/?column=status&column=sync")).text)
    rows = [cells(Page(row)) for row in page.all("tr[data-company]")]
    assert rows
    for shown in rows:
        assert "status" in shown
        assert not {"minutes", "seats", "storage", "plan"} & shown.keys()


async def test_csv(owner: Any, anonymous: Any, companies: dict[str, UUID], model: Any) -> None:
    await model.company("=1+1", zone="UTC")
    answer = await owner.browser.get("/owner/dashboard/companies.csv?sort=minutes&dir=desc")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0]["company_id"] == str(companies["Acme"])
    assert (rows[0]["active_minutes_30_days"], rows[0]["storage_used_bytes"]) == ("3000", str(90 * GB))
    assert len(rows) > 50, "every page"
    assert "'=1+1" in {row["company"] for row in rows}, "no spreadsheet may run a name"
    assert "Gone" not in {row["company"] for row in rows}
    only = (await owner.browser.get("/owner/dashboard/companies.csv?status=CLOSED")).content.decode("utf-8-sig")
    assert [row["company"] for row in csv.DictReader(io.StringIO(only))] == ["Gone"]
    assert (await anonymous.get("/owner/dashboard/companies.csv")).status_code in {303, 401}


async def test_csv_that_cannot_be_read_is_no_half_answer(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> AsyncIterator[CompanyRow]:
        none: tuple[CompanyRow, ...] = ()
        for row in none:
            yield row
        raise Unavailable("the database is away")

    monkeypatch.setattr(company_rows, "stream_companies", away)
    assert (await owner.browser.get("/owner/dashboard/companies.csv")).status_code == 503


@pytest.mark.parametrize("path", ["/", "/owner", "/owner/"])
async def test_short_addresses_lead_to_it(owner: Any, path: str) -> None:
    answer = await owner.browser.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/owner/dashboard/")


@pytest.mark.usefixtures("companies")
async def test_a_script_gets_json(owner: Any) -> None:
    shown = (await owner.script.get("/owner/dashboard/?status=TRIAL")).json()
    assert (shown["matches"], shown["rows"][0]["name"], shown["companies"]["TRIAL"]) == (1, "Brill", 1)
    assert shown["windows"]["7"]["now"]["active_seconds"] == 700 * 60


async def test_days_are_the_companys_own(model: Any, engine: AsyncEngine) -> None:
    """East of UTC it is tomorrow first: today's sum must hold each company's own today."""
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Nowhere/Unknown"):
        company_id = await model.company(f"Zone {zone}", zone=zone)
        row = (await show(engine, search=zone)).rows[0]
        assert row.company_id == company_id
        await model.day(company_id, row.today, minutes=10)
        await model.day(company_id, row.today - timedelta(days=29), minutes=1)
        await model.day(company_id, row.today - timedelta(days=30), minutes=500)
        row = (await show(engine, search=zone)).rows[0]
        assert row.active_seconds == 11 * 60
        assert (row.daily_minutes[0], row.daily_minutes[-1], len(row.daily_minutes)) == (1, 10, 30)


async def test_a_new_company_has_a_day_to_sync(owner: Any, model: Any, engine: AsyncEngine) -> None:
    before = (await owner.read("/owner/dashboard/"))["unsynced"]
    await model.company("Begun an hour ago", age=timedelta(hours=1))
    await model.company("Begun a day ago", age=timedelta(hours=25))
    assert (await owner.read("/owner/dashboard/"))["unsynced"] == before + 1
    found = {row.name for row in (await show(engine, choice="UNSYNCED", search="begun")).rows}
    assert found == {"Begun a day ago"}
    async with engine.begin() as tx:
        status_totals = await store.list_status_totals(tx)
    assert Summary(status_totals, (), ()).unsynced == before + 1, "the reports say the same"
