"""What all pages share, and the charts on them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from services.tracking.tests.fixtures.workspace import Browser, OpenBrowser
from testkit.pages import Page
from tracking.ingest.rules import rows
from tracking.ingest.rules import upload_reader as reports
from tracking.screenshots import rules as captures
from tracking.screenshots.imaging import protocol as unfit
from tracking.team.pages.rejections import explain_rejection
from tracking.totals.rules.daybook import EmployeeTotals
from tracking.workspace.pages import rendering as pages
from tracking.workspace.pages.charts import chart, longest

MONDAY = date(2026, 3, 2)
NOT_A_ROW: tuple[Any, ...] = (
    7,
    {"minute_type": "LUNCH"},
    {"minute_type": "ACTIVE", "duration_seconds": -1},
    {"minute_type": "ACTIVE", "duration_seconds": 0},
    {"minute_type": "ACTIVE", "duration_seconds": 1, "created_at": "noon"},
    {"minute_type": "ACTIVE", "duration_seconds": 1, "created_at": "1970-01-01"},
)


@pytest.mark.parametrize(
    ("path", "current"),
    [("/", "Home"), ("/team", "Team"), ("/sessions", "Sessions"), ("/reports/use", "Reports"), ("/tasks", "Tasks")],
)
async def test_the_header_says_where_one_is(admin: Browser, path: str, current: str) -> None:
    page = await admin.page(path)
    assert page.texts("header [aria-current]") == page.texts("header a[aria-current=page]") == [current]
    assert page.one("a.skip")["href"] == "#content"
    assert page.one("main")["id"] == "content"


@pytest.mark.parametrize("path", ["/nothing", "/team/1/nothing", "/static/nothing.css"])
async def test_a_page_that_is_not_there(admin: Browser, open_browser: OpenBrowser, path: str) -> None:
    for browser in (admin, open_browser()):
        reply = await browser.see(path)
        assert reply.status_code == 404
        page = Page(reply.text)
        assert "There is no such page" in page.text
        assert page.one("html")["lang"] == "en"


async def test_what_was_typed_stays(admin: Browser, tenant: Tenant, stored: ReadRows) -> None:
    team = await admin.send("/team", name="Cleo <i>", email="nobody", password="open sesame tonight")
    assert team.status_code == 400
    page = Page(team.text)
    assert (page.field("name").value, page.field("email").value) == ("Cleo <i>", "nobody")
    assert page.all("i") == []
    assert "open sesame tonight" not in team.text
    settings = await admin.send("/settings", name="Acme", colour="#ffffff", target_hours="7")
    assert settings.status_code == 400
    assert Page(settings.text).field("colour").value == "#ffffff"
    number = (await stored("employee", tenant.company_id))[0]["number"]
    task = await admin.send(f"/team/{number}", title="Sweep", description="the yard", due_date="soon")
    assert task.status_code == 400
    assert Page(task.text).field("description").value == "the yard"


@pytest.mark.parametrize("wrong", [{"title": "  "}, {"title": "t" * 201}, {"due_date": "soon"}, {"person": str(2**62)}])
async def test_what_was_typed_about_a_task_stays(
    admin: Browser, tenant: Tenant, stored: ReadRows, wrong: dict[str, str]
) -> None:
    people = [str(row["number"]) for row in await stored("employee", tenant.company_id)]
    await admin.send(f"/team/{people[0]}", title="Rake")
    number = max(row["number"] for row in await stored("task", tenant.company_id))
    typed = {"title": "Sweep", "description": "<i>all</i>", "due_date": "2026-01-31", "person": people[1]} | wrong
    reply = await admin.send(f"/tasks/{number}", **typed)
    assert reply.status_code == 400
    page = Page(reply.text)
    assert page.alerts
    for field in ("title", "description", "due_date"):
        assert page.field(field).value == typed[field]
    assert page.all("i") == []
    assert bool(page.all(f"option[value='{people[1]}'][selected]")) == ("person" not in wrong)
    assert page.texts("h1 > bdi") == ["Rake"]


async def test_what_was_typed_as_a_note_stays(admin: Browser, tenant: Tenant, stored: ReadRows) -> None:
    person = (await stored("employee", tenant.company_id))[0]["number"]
    await admin.send(f"/team/{person}", title="Dig", description="here")
    [number] = [row["number"] for row in await stored("task", tenant.company_id) if row["title"] == "Dig"]
    reply = await admin.send(f"/tasks/{number}/note", note="n" * 2001)
    assert reply.status_code == 400
    page = Page(reply.text)
    assert "the note has 2001 characters: shorten it to 2000" in page.text
    assert page.field("note").value == "n" * 2001
    assert page.field("description").value == "here", "the other form is as it was"


async def test_no_step_leads_into_the_future(admin: Browser) -> None:
    today = datetime.now(UTC).date()
    for path in ("/reports", "/screenshots"):
        for day, leads_on in ((today - timedelta(days=1), True), (today, False), (today + timedelta(days=9), False)):
            page = await admin.page(f"{path}?day={day}")
            assert f"{path}?day={day - timedelta(days=1)}" in page.addresses
            assert (f"{path}?day={day + timedelta(days=1)}" in page.addresses) == leads_on
            assert page.one("input[name=day]")["max"] == str(today)
    assert (await admin.page("/reports/monthly")).all("[rel=next]") == []
    assert (await admin.page("/reports/monthly?month=2026-01")).all("a[rel=next]")


def test_a_column_for_each_day_the_empty_ones_too() -> None:
    days = {MONDAY: EmployeeTotals(3600, 1800), MONDAY + timedelta(days=1): EmployeeTotals(1350, 0)}
    columns = chart(days, MONDAY - timedelta(days=1), MONDAY + timedelta(days=2))
    assert [(column.active_height, column.idle_height) for column in columns] == [(0, 0), (66.7, 33.3), (25, 0), (0, 0)]
    assert [column.is_labelled for column in columns] == [False, True, False, False]
    assert not any(column.is_labelled for column in chart(days, MONDAY, MONDAY)), "a label would stick out"


def test_without_any_time_nothing_is_divided_by_it() -> None:
    assert longest([]) == longest([EmployeeTotals()]) == 1
    assert [column.active_height for column in chart({MONDAY: EmployeeTotals()}, MONDAY, MONDAY)] == [0]


def reasons(*modules: ModuleType) -> set[str]:
    """The constants of these modules that are texts: each is a reason."""
    return {value for module in modules for name, value in vars(module).items() if is_reason(name, value)}


def is_reason(name: str, value: object) -> bool:
    return name.isupper() and not name.startswith("_") and isinstance(value, str)


@pytest.mark.parametrize("reason", sorted(reasons(rows, reports)))
def test_every_reason_for_a_row_has_its_words(reason: str) -> None:
    said = explain_rejection(reason, 2)
    assert said.startswith("2 rows were rejected because ")
    assert reason not in said, "these words are for programmers"


@pytest.mark.parametrize("reason", sorted(reasons(captures, unfit)))
def test_every_reason_for_a_screenshot_has_its_words(reason: str) -> None:
    said = explain_rejection(reason, 2)
    assert said.startswith("2 screenshots were rejected because ")
    assert reason not in said


@pytest.mark.parametrize("raw", NOT_A_ROW, ids=repr)
def test_there_are_no_other_reasons(raw: Any) -> None:
    with pytest.raises(rows.BadRow) as caught:
        rows.activity(raw)
    assert str(caught.value) in reasons(rows)


def test_one_and_many_are_told_apart() -> None:
    assert explain_rejection("x", 1) == "1 row was rejected because x."
    assert explain_rejection(unfit.BROKEN, 1200) == "1,200 screenshots were rejected because the file is damaged."


def test_every_template_is_found_under_a_name_of_its_own() -> None:
    templates = [path.name for path in Path(str(pages.STATIC)).parents[1].glob("*/templates/*.html")]
    assert len(templates) > 20
    assert len(templates) == len(set(templates))
    for name in templates:
        pages._templates.get_template(name)
