"""One company's page: what it costs, what it shows, how it fills in by itself."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from owner_portal.directory.rules import CompanyState, Status
from owner_portal.web.portal import Portal
from testkit.pages import Page

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
async def company(following: Any, owner: Any) -> str:  # noqa: ARG001 - tenancy and billing run first
    """The path of a company with a charged month, a scheduled change and an old key."""
    path = f"/owner/company/{(await owner.found('Everything Ltd'))['id']}/"
    for action, fields in (
        ("renew", {"reason": "they signed"}),
        ("change-plan", {"plan_code": "FREE", "timing": "period-end"}),
        ("rotate-key", {"grace": "24h", "reason": "a laptop was stolen"}),
        ("record-payment", {"amount": "99", "reference": "Everything 1"}),
    ):
        assert (await owner.call(f"{path}{action}/", **fields)).status_code == 200
    return path


async def test_shows_what_everybody_knows(owner: Any, company: str, model: Any) -> None:
    company_id = company.split("/")[3]
    await model.day(company_id, TODAY - timedelta(days=2), minutes=90, idle_seconds=600, sessions=4, screenshots=7)
    page = Page((await owner.browser.get(company)).text)
    assert page.heading == "Everything Ltd"
    assert (page.facts["E-mail"], page.facts["Time zone"]) == ("office@acme.example", "Europe/Berlin")
    assert page.facts["Screenshots"].startswith("every ")
    history = [row["What"] for row in page.table("[aria-label='Subscription history'] table")]
    assert any("Trial converted" in what and "they signed" in what for what in history)
    assert "Scheduled changes" in page.texts("h2")
    assert {"usage", "storage"} <= {chart["data-chart"] for chart in page.all("[data-chart]")}
    told = await owner.read(company)
    assert len(told["days"]) == 90
    assert [day["active_seconds"] for day in told["days"] if day["revision"]] == [5400]
    assert [key["state"] for key in told["keys"]["value"]] == ["LIVE", "ENDING"]
    file = (await owner.browser.get(f"{company}usage.csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(file.splitlines()))
    assert rows[0][:2] == ["day", "active_seconds"]
    assert rows[1][1:6] == ["5400", "600", "1", "4", "7"]


async def test_audit_trail_of_the_company_alone(owner: Any, company: str) -> None:
    other = (await owner.found("Unrelated Ltd"))["id"]
    await owner.call(f"/owner/company/{other}/suspend/", reason="another matter")
    page = Page((await owner.browser.get(f"{company}audit/")).text)
    reasons = {row["Why"] for row in page.table()}
    assert "a laptop was stolen" in reasons
    assert "they signed" in reasons, "billing's trail stands there as well"
    assert "another matter" not in page.text


async def test_fills_in_when_billing_answers(owner: Any, model: Any, portal: Portal, run: Any) -> None:
    """The page of a new company is open before its subscription arrives: the cells come by themselves."""
    company_id = await model.company("New Ltd")
    page = Page((await owner.browser.get(f"/owner/company/{company_id}/")).text)
    for cell in ("plan", "price", "until", "status", "seats-limit", "storage-limit"):
        assert page.all(f"[data-cell={cell}]"), cell
    assert page.texts("[data-cell=status]") == ["Pending"]
    async with run(portal.live.run()), owner.script.stream("GET", f"/owner/events/?ids={company_id}") as answer:
        lines = answer.aiter_lines()
        await model.subscription(company_id, Status.TRIAL)
        portal.live.mark({company_id})
        async for line in lines:
            cells = json.loads(line.removeprefix("data: "))["companies"].get(str(company_id)) if line else None
            if cells and cells["status"] == "Trial":
                break
    assert cells is not None
    assert cells["plan"] == "PRO"
    assert cells["price"] == {"value": "9900", "data-currency": "USD"}
    assert cells["until"]["datetime"] > TODAY.isoformat()
    assert cells["seats-limit"]["value"] == "50"


async def test_a_closed_company_can_only_be_looked_at(owner: Any, model: Any) -> None:
    company_id = await model.company("Gone Ltd", state=CompanyState.CLOSED)
    page = Page((await owner.browser.get(f"/owner/company/{company_id}/")).text)
    assert page.texts("[data-cell=status]") == ["Closed"]
    for action in ("suspend", "edit", "rotate-key", "change-plan", "close"):
        assert not any(address.endswith(f"/{action}/") for address in page.addresses)


async def test_names_are_only_text(owner: Any, model: Any) -> None:
    company_id = await model.company("<script>alert(1)</script>")
    for path in ("", "billing/", "keys/", "audit/", "edit/", "suspend/", "close/"):
        page = Page((await owner.browser.get(f"/owner/company/{company_id}/{path}")).text)
        assert not any("alert(1)" in str(script) for script in page.all("script"))
        assert "<script>alert(1)</script>" in page.text
