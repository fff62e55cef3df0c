"""The dashboard: its numbers, its URL, what it costs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.application.show_dashboard import show_dashboard
from owner_portal.domain.companies import Status
from owner_portal.domain.listing import Listing, Sort

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


@pytest.fixture(scope="module")
async def companies(model: Any) -> dict[str, UUID]:
    """One company of each kind; Acme has 40 days of work and a storage level that rises."""
    ids = {name: await model.company(name) for name in ("Acme", "Brill", "Cancelled", "Ended", "Late", "New")}
    ids["Stopped"] = await model.company("Stopped <script>", suspended=True)
    states = {"Acme": Status.ACTIVE, "Brill": Status.TRIAL, "Cancelled": Status.CANCELLED, "Late": Status.PAST_DUE}
    for name, state in states.items():
        await model.subscription(ids[name], state)
    await model.subscription(ids["Ended"], Status.TRIAL, days_left=-1)
    await model.subscription(ids["Stopped"])
    await model.synced(ids["Acme"], NOW - timedelta(hours=3, minutes=5))
    await model.synced(ids["Brill"], NOW - timedelta(hours=25))
    for age in range(40):
        day = TODAY - timedelta(days=age)
        await model.day(ids["Acme"], day, minutes=100, storage=(50 - age) * GB, screenshots=7, seats_used=9)
    await model.day(ids["Brill"], TODAY - timedelta(days=8), minutes=1000, storage=5 * GB, screenshots=1)
    return ids


def cells(page: str, part: str) -> dict[str, str]:
    """The texts of the cells in a part of the page."""
    return dict(re.findall(r'data-cell="([^"]+)"[^>]*>([^<]+)<', page.split(part, 1)[1].split("</tr>", 1)[0]))


@pytest.mark.usefixtures("companies")
async def test_totals(owner: Any) -> None:
    shown = cells((await owner.browser.get("/owner/dashboard/")).text, "data-totals")
    assert shown["companies"] == "7"
    assert {status: shown[f"count-{status}"] for status in Status} == dict.fromkeys(Status, "1")
    assert shown["unsynced"] == "6"
    assert [shown[f"minutes-{days}"] for days in ("today", "7d", "30d")] == ["100", "700", "4,000"]
    assert [shown[f"screenshots-{days}"] for days in ("today", "7d", "30d")] == ["7", "49", "211"]
    assert [shown[f"sessions-{days}"] for days in ("today", "7d", "30d")] == ["1", "7", "31"]
    assert shown["storage-used"] == "55 GB", "a level: the latest of each company, not a sum over days"


async def test_row(owner: Any, companies: dict[str, UUID]) -> None:
    page = (await owner.browser.get("/owner/dashboard/")).text
    shown = cells(page, f'data-company="{companies["Acme"]}"')
    assert shown["plan"] == "PRO"
    assert shown["status"] == "Active"
    assert shown["seats"] == "9 / 50"
    assert shown["minutes"] == "3,000"
    assert shown["screenshots"] == "210"
    assert shown["storage"] == "50 GB"
    assert shown["sync"] == "3 h ago"
    assert f'href="/owner/company/{companies["Acme"]}/"' in page
    assert "Stopped &lt;script&gt;" in page


@pytest.mark.usefixtures("companies")
async def test_costs_six_statements_at_most(owner: Any, engine: AsyncEngine, companies: dict[str, UUID]) -> None:
    await owner.browser.get("/owner/dashboard/")
    for path, most in (("/owner/dashboard/?sort=minutes", 6), (f"/owner/company/{companies['Acme']}/", 4)):
        with counted(engine) as statements:
            assert (await owner.browser.get(path)).status_code == 200
        assert len(statements) <= most, statements


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize(
    ("listing", "names"),
    [
        (Listing(search="ACME"), ["Acme"]),
        (Listing(search="office@late."), ["Late"]),
        (Listing(search="%"), []),
        (Listing(choice="SUSPENDED"), ["Stopped"]),
        (Listing(choice="EXPIRED"), ["Ended"]),
        (Listing(choice="UNSYNCED", search="r"), ["Brill"]),
        (
            Listing(search="e", sort=Sort.NAME, descending=True),
            ["Stopped", "New", "Late", "Ended", "Cancelled", "Brill", "Acme"],
        ),
    ],
)
async def test_finds(engine: AsyncEngine, listing: Listing, names: list[str]) -> None:
    rows = (await show_dashboard(engine, listing=listing)).rows
    assert [row.name.removesuffix(" <script>") for row in rows][: len(names)] == names
    assert bool(rows) == bool(names)


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", Sort)
async def test_sorts_by_every_column(engine: AsyncEngine, sort: Sort, descending: bool) -> None:
    shown = await show_dashboard(engine, listing=Listing(sort=sort, descending=descending))
    assert len(shown.rows) == 7
    if sort is Sort.MINUTES and descending:
        assert [row.name for row in shown.rows[:2]] == ["Acme", "Brill"]
    if sort is Sort.SYNC and descending:
        assert shown.rows[0].name == "Acme"


@pytest.mark.usefixtures("companies")
async def test_pages(owner: Any, model: Any, engine: AsyncEngine) -> None:
    for number in range(50):
        await model.company(f"Many {number:02}")
    first = await show_dashboard(engine, listing=Listing(search="many "))
    assert (len(first.rows), first.matches, first.pages) == (50, 50, 1)
    page = (await owner.browser.get("/owner/dashboard/?page=2")).text
    assert "Page 2 of 2" in page
    answer = await owner.browser.get("/owner/dashboard/?page=9&status=TRIAL")
    assert answer.headers["location"] == "/owner/dashboard/?status=TRIAL"
    for strange in ("?page=x&sort=none&dir=up&status=ODD", "?page=99999999999999", "?q=%00%F0%28"):
        assert (await owner.browser.get(f"/owner/dashboard/{strange}")).status_code in {200, 303}


async def test_days_are_the_companys_own(model: Any, engine: AsyncEngine) -> None:
    """East of UTC it is tomorrow first: today's sum must hold each company's own today."""
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Nowhere/Unknown"):
        company_id = await model.company(f"Zone {zone}", zone=zone)
        row = (await show_dashboard(engine, listing=Listing(search=zone))).rows[0]
        assert row.company_id == company_id
        await model.day(company_id, row.today, minutes=10)
        await model.day(company_id, row.today - timedelta(days=29), minutes=1)
        await model.day(company_id, row.today - timedelta(days=30), minutes=500)
        shown = await show_dashboard(engine, listing=Listing(search=zone))
        assert shown.rows[0].active_seconds == 11 * 60
        assert (shown.sparks[company_id][0], shown.sparks[company_id][-1]) == (60, 600)


async def test_company_page(owner: Any, companies: dict[str, UUID]) -> None:
    page = (await owner.browser.get(f"/owner/company/{companies['Acme']}/")).text
    for text in ("Acme", "office@acme.example", "Ada Stone", "99.00 USD", "50 GB", "9 / 50", "…c0de", "Suspend Acme"):
        assert text in page
    assert page.count('<rect class="hit"') == 90
    assert "Reactivate" not in page
    assert not re.search(r"\sstyle=|\son\w+=|<script>", page), "the policy forbids inline styles and scripts"
    page = (await owner.browser.get(f"/owner/company/{companies['Stopped']}/")).text
    assert "Reactivate Stopped" in page
    assert "Suspend Stopped" not in page
    page = (await owner.browser.get(f"/owner/company/{companies['New']}/")).text
    assert "Billing has not told of a subscription yet." in page
    assert "No usage in the last 90 days." in page
