"""One company's page: what it costs, what it shows, how it fills in by itself."""

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from owner_portal.directory.rules import CompanyState, Status
from owner_portal.web.portal import Portal

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
    page = (await owner.browser.get(company)).text
    for words in (
        "Everything Ltd",
        "office@acme.example",
        "Europe/Berlin",
        "Trial converted",
        "they signed",
        "Scheduled changes",
        "every <data",
        'data-chart="usage"',
        'data-chart="storage"',
    ):
        assert words in page
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
    page = (await owner.browser.get(f"{company}audit/")).text
    assert "a laptop was stolen" in page
    assert "they signed" in page, "billing's trail stands there as well"
    assert "another matter" not in page


async def test_fills_in_when_billing_answers(owner: Any, model: Any, portal: Portal, run: Any) -> None:
    """The page of a new company is open before its subscription arrives: the cells come by themselves."""
    company_id = await model.company("New Ltd")
    page = (await owner.browser.get(f"/owner/company/{company_id}/")).text
    for cell in ("plan", "price", "until", "status", "seats-limit", "storage-limit"):
        assert f'data-cell="{cell}"' in page
    assert "Pending" in page
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
    page = (await owner.browser.get(f"/owner/company/{company_id}/")).text
    assert "Closed" in page
    for action in ("suspend", "edit", "rotate-key", "change-plan", "close"):
        assert f"/{action}/" not in page


async def test_names_are_only_text(owner: Any, model: Any) -> None:
    company_id = await model.company("<script>alert(1)</script>")
    for page in ("", "billing/", "keys/", "audit/", "edit/", "suspend/", "close/"):
        assert "<script>alert(1)" not in (await owner.browser.get(f"/owner/company/{company_id}/{page}")).text
