"""The reports: what they add up, each chart as CSV, revenue by billing itself down to the rows behind it."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from owner_portal.clients.actions import Action
from owner_portal.directory.rules import CompanyState, Status
from owner_portal.reports.rules.reports import ReportRange
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.web.portal import Portal
from servicekit.ids import new_id
from testkit.pages import Page
from testkit.waiting import eventually

PAGE = "/owner/reports/"
TODAY = datetime.now(UTC).date()
CHARTS = ["status", "plans", "plan-revenue", "top-companies", "growth", "new-companies", "usage"]
CHARTS_OF_REVENUE = ["mrr-bridge", "mrr-movements", "mrr"]


@pytest.fixture(scope="module")
async def companies(owner: Any, model: Any, customer: Any, portal: Portal) -> dict[str, UUID]:
    """Twelve that work more and more, one that is closed, one that billing knows and that pays."""
    found: dict[str, UUID] = {}
    for number in range(1, 13):
        name = f"Busy {number:02}"
        found[name] = await model.company(name, revision=10**9 + number)
        await model.subscription(found[name], Status.ACTIVE if number % 2 else Status.TRIAL)
        await model.day(found[name], TODAY, minutes=number * 10, seats_used=number, storage=10**9)
        await model.day(found[name], TODAY - timedelta(days=40), minutes=1000 - number, seats_used=1)
    found["Gone"] = await model.company("Gone", state=CompanyState.CLOSED, revision=10**9)
    found["Paying"] = await customer("Paying Ltd")
    await portal.get(SubscriptionClient).renew(found["Paying"], Action("owner@tenantry.example", "paid", str(new_id())))

    async def pays() -> bool:
        return bool((await read(owner))["companies"]["ACTIVE"] == 7)

    await eventually(pays)
    return found


async def read(owner: Any, query: str = "") -> dict[str, Any]:
    answer = await owner.script.get(PAGE + query)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def rows(owner: Any, path: str) -> list[list[str]]:
    answer = await owner.browser.get(PAGE + path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text)))


async def test_only_for_owners(anonymous: Any) -> None:
    for path in ("", "movements/", "movements.csv", "mrr.csv"):
        assert (await anonymous.get(PAGE + path)).headers["location"].startswith("/owner/login/")
        answer = await anonymous.get(PAGE + path, headers={"accept": "application/json"})
        assert answer.status_code == 401


async def test_what_the_copy_adds_up(owner: Any, companies: dict[str, UUID]) -> None:
    content = await read(owner)
    assert content["companies"]["CLOSED"] == 1
    assert (content["companies"]["ACTIVE"], content["companies"]["TRIAL"]) == (7, 6)
    assert content["plans"]["PRO"]["companies"] == 13, "a closed company is left out"
    assert content["average_employees"] == pytest.approx(sum(range(1, 13)) / 12), "of those that report any"
    assert [company["name"] for company in content["top_companies"]] == [f"Busy {n:02}" for n in range(12, 2, -1)]
    best = content["top_companies"][0]
    assert (best["company_id"], best["active_seconds"]) == (str(companies["Busy 12"]), 120 * 60)
    assert len(content["growth"]) == 12
    assert content["growth"][-1]["companies"] == 14
    assert sum(month["created"] for month in content["growth"]) == 14


async def test_the_range_stands_in_the_url(owner: Any, companies: dict[str, UUID]) -> None:
    assert companies
    content = await read(owner, "?days=90&months=6")
    assert (content["days"], content["months"], len(content["growth"])) == (90, 6, 6)
    assert content["top_companies"][0]["name"] == "Busy 12"
    assert content["top_companies"][0]["active_seconds"] == (1000 - 12 + 120) * 60
    assert content["growth"][-1]["companies"] == 14, "those of before the range are counted"
    assert len(content["revenue"]["months"]) == 6
    week = await read(owner, "?days=7&months=1000000&figure=x")
    assert (week["days"], week["months"]) == (7, 12)
    page = Page((await owner.browser.get(f"{PAGE}?days=90&months=6")).text)
    assert page.links["7 days"] == "/owner/reports/?days=7&months=6#usage"
    assert f"{PAGE}mrr.csv?days=90&months=6" in page.addresses


async def test_revenue(owner: Any, companies: dict[str, UUID]) -> None:
    assert companies
    revenue = (await read(owner))["revenue"]
    assert revenue["currency"] == "USD"
    assert revenue["bridge"]["end"] == revenue["bridge"]["new"] == 9900
    assert revenue["annual_run_rate"] == 12 * 9900
    assert (revenue["trials_ended"], revenue["trials_converted"], revenue["health"]) == (1, 1, 1.0)
    page = Page((await owner.browser.get(PAGE)).text)
    for words in ("99.00 USD", "1,188.00 USD", "Net retention", "100.0 %", "1 of 1 ended trials"):
        assert words in page.part("[aria-labelledby=revenue]").text
    assert {*CHARTS, *CHARTS_OF_REVENUE} <= {chart["data-chart"] for chart in page.all("[data-chart]")}


async def test_costs(owner: Any, companies: dict[str, UUID], cost: Any) -> None:
    assert companies
    for path in ("", "?days=90&months=24", "movements/", "mrr.csv"):
        cost.reset()
        assert (await owner.browser.get(PAGE + path)).status_code == 200
        assert (cost.statements <= 6, cost.calls) == (True, 1), path


@pytest.mark.parametrize("name", [*CHARTS, *CHARTS_OF_REVENUE])
async def test_each_chart_can_be_downloaded(owner: Any, companies: dict[str, UUID], name: str) -> None:
    assert companies
    header, *content = await rows(owner, f"{name}.csv?months=6")
    assert len(header) >= 2
    assert content
    assert {len(row) for row in content} == {len(header)}


async def test_csv_has_the_numbers_of_the_chart(owner: Any, companies: dict[str, UUID]) -> None:
    assert companies
    top = await rows(owner, "top-companies.csv?days=7")
    assert [row[0] for row in top[1:3]] == ["Busy 12", "Busy 11"]
    assert top[1][1] == str(120 * 60)
    bridge = await rows(owner, "mrr-bridge.csv")
    assert [row[0] for row in bridge[1:]] == [
        "Start",
        "New",
        "Expansion",
        "Reactivation",
        "Contraction",
        "Churn",
        "End",
    ]
    assert "99" in bridge[-1][1]
    assert (await owner.browser.get(f"{PAGE}nothing.csv")).status_code == 404


async def test_the_rows_behind_a_figure(owner: Any, companies: dict[str, UUID]) -> None:
    page = Page((await owner.browser.get(f"{PAGE}movements/?figure=NEW&months=6")).text)
    [movement] = page.table()
    assert [movement[title] for title in ("Company", "Change", "MRR", "Why")] == [
        "Paying Ltd",
        "Trial converted",
        "99.00 USD",
        "paid",
    ]
    assert page.links["Paying Ltd"] == f"/owner/company/{companies['Paying']}/"
    assert "Later" not in page.links
    header, row = await rows(owner, "movements.csv?figure=NEW")
    found = dict(zip(header, row, strict=True))
    assert (found["Company id"], found["Plan"], found["Why"]) == (str(companies["Paying"]), "PRO", "paid")
    assert "No rows" in Page((await owner.browser.get(f"{PAGE}movements/?figure=CHURN&after=x")).text).text
    assert (await owner.browser.get(f"{PAGE}movements/?figure=NONSENSE")).status_code == 404


def test_months_of_a_range() -> None:
    assert ReportRange(months=12).first_month(date(2026, 11, 23)) == date(2025, 12, 1)
    assert ReportRange(months=6).first_month(date(2026, 3, 1)) == date(2025, 10, 1)
    assert ReportRange(months=24).first_month(date(2026, 12, 31)) == date(2025, 1, 1)
