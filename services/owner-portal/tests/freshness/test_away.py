"""tenancy, billing and NATS are away: pages show what is known, say how old it is, and what cannot be done."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules import Source, SourceState, gaps
from testkit.pages import Page


async def test_pages_show_what_is_known(owner: Any, model: Any, engine: AsyncEngine) -> None:
    company_id = await model.company("Known Ltd")
    answer = await owner.browser.get("/owner/dashboard/")
    assert answer.status_code == 200
    page = Page(answer.text)
    assert "Known Ltd" in page.links
    assert "Tenancy has not responded yet" in page.text
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET confirmed_at = now() - interval '5 minutes'"))
    page = Page((await owner.browser.get(f"/owner/company/{company_id}/")).text)
    for name in ("Tenancy", "Billing", "The usage feed"):
        assert f"{name} does not respond" in page.text
    assert "(5 min ago)" in page.text


async def test_actions_say_what_is_missing(owner: Any, model: Any) -> None:
    company_id = await model.company("Waiting Ltd")
    answer = await owner.browser.get("/owner/company/create/")
    assert answer.status_code == 503
    assert "Billing does not respond" in Page(answer.text).text
    form = {"name": "Typed Ltd", "email": "a@typed.example", "plan_code": "PRO"}
    answer = await owner.send("/owner/company/create/", **form)
    assert answer.status_code == 503
    page = Page(answer.text)
    assert "Billing does not respond" in page.text
    assert page.field("name").value == "Typed Ltd"
    answer = await owner.send(f"/owner/company/{company_id}/suspend/", reason="unpaid")
    assert answer.status_code == 503
    page = Page(answer.text)
    assert "Tenancy does not respond" in page.text
    assert page.field("reason").value == "unpaid"
    answer = await owner.call(f"/owner/company/{company_id}/suspend/", reason="unpaid")
    assert (answer.status_code, answer.json()["kind"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_is_ready_all_the_same(anonymous: Any) -> None:
    assert (await anonymous.get("/healthz")).status_code == 200
    assert (await anonymous.get("/readyz")).json() == {"status": "ok", "missing": []}


def test_a_service_is_as_old_as_its_oldest_list() -> None:
    now = datetime.now(UTC)
    ages = {Source.COMPANIES: 1, Source.SYNC_TIMES: 60, Source.SUBSCRIPTIONS: 1, Source.USAGE: 14}
    states = [SourceState(source, now - timedelta(seconds=age)) for source, age in ages.items()]
    assert [(gap.service, gap.since) for gap in gaps(states, now)] == [("Tenancy", now - timedelta(seconds=60))]
