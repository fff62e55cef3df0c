"""The retention policy of each plan, with billing itself: seen, previewed, changed, companies moved."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.plans.client import PlanClient
from owner_portal.plans.rules.plans import Plan, newest_versions
from owner_portal.plans.rules.retention import next_terms
from owner_portal.web.portal import Portal
from servicekit.errors import Conflict
from testkit.pages import Page

PAGE = "/owner/retention-policy/"


@pytest.fixture(scope="module")
async def pro(customer: Any) -> UUID:
    company_id: UUID = await customer("Pro & Co")
    return company_id


async def plans(owner: Any) -> dict[str, dict[str, Any]]:
    answer = await owner.script.get(PAGE)
    assert answer.status_code == 200, answer.text
    return {plan["code"]: plan for plan in answer.json()["plans"]}


async def days_of(engine: AsyncEngine, company_id: UUID) -> int:
    statement = text("SELECT screenshot_retention_days FROM directory WHERE company_id = :id")
    async with engine.begin() as tx:
        return int((await tx.execute(statement, {"id": company_id})).scalar_one())


async def test_only_for_owners(anonymous: Any, owner: Any) -> None:
    for path in (PAGE, f"{PAGE}PRO/?days=9"):
        assert (await anonymous.get(path)).headers["location"].startswith("/owner/login/")
    assert (await anonymous.post(f"{PAGE}PRO/")).status_code == 303
    answer = await owner.browser.post(f"{PAGE}PRO/", data={"csrf_token": "x", "days": "9", "reason": "asked"})
    assert answer.status_code == 403


@pytest.mark.usefixtures("pro")
async def test_changing_needs_a_fresh_proof(owner: Any, engine: AsyncEngine) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner_session SET proved_at = now() - interval '1 hour'"))
    answer = await owner.call(f"{PAGE}PRO/", days="9", reason="asked")
    assert (answer.status_code, answer.json()["kind"]) == (403, "step_up_required")
    page = await owner.send(f"{PAGE}PRO/", days="9", reason="kept words")
    assert page.status_code == 403
    assert Page(page.text).field("reason").value == "kept words"
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE owner_session SET proved_at = now()"))


async def test_page_and_preview(owner: Any, pro: UUID, cost: Any) -> None:
    found = await plans(owner)
    assert list(found) == ["FREE", "PRO", "ENTERPRISE"]
    assert found["PRO"] | {"companies": 1} == found["PRO"]
    cost.reset()
    page = Page((await owner.browser.get(PAGE)).text)
    assert (cost.statements <= 6, cost.calls) == (True, 1)
    assert page.texts("label") == ["Keep screenshots for"] * 3
    assert "All match their plan" in page.text
    cost.reset()
    preview = Page((await owner.browser.get(f"{PAGE}PRO/?days=45")).text)
    assert (cost.statements <= 6, cost.calls) == (True, 2)
    assert preview.links["Pro & Co"] == f"/owner/company/{pro}/"
    assert [(row["Company"], row["Effect"]) for row in preview.table()] == [("Pro & Co", "Moves")]
    assert "Create version 2" in preview.texts("button")
    assert "those older than 45 days will be deleted from 24 hours after the move" in preview.text
    answer = (await owner.script.get(f"{PAGE}PRO/?days=45")).json()
    assert (answer["would_change"], answer["would_keep"], answer["monthly_revenue_change"]) == (1, 0, 0)
    assert answer["plan"]["screenshot_retention_days"] == 30, "a preview changes nothing"


@pytest.mark.parametrize("days", ["", "0", "-5", "3651", "ten", "1.5", "9" * 30])
@pytest.mark.usefixtures("pro")
async def test_days_that_are_none(owner: Any, days: str, cost: Any) -> None:
    cost.reset()
    for answer in (
        await owner.script.get(f"{PAGE}PRO/", params={"days": days}),
        await owner.call(f"{PAGE}PRO/", days=days, reason="asked"),
    ):
        assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
        assert "from 1 to 3,650" in answer.json()["detail"]
    assert cost.calls == 0, "the plans are not requested first"
    for answer in (
        await owner.browser.get(f"{PAGE}PRO/", params={"days": days}),
        await owner.send(f"{PAGE}PRO/", days=days, reason="asked"),
    ):
        assert answer.status_code == 400
        page = Page(answer.text)
        assert page.texts("label") == ["Keep screenshots for"] * 3, "the form is there again"
        assert page.text.count("from 1 to 3,650") == 1
        [wrong] = [field for field in page.fields() if field.invalid]
        assert (wrong.name, wrong.value) == ("days", days)
        assert "from 1 to 3,650" in wrong.error
    assert (await owner.browser.get(f"{PAGE}GOLD/", params={"days": days})).status_code == 400


@pytest.mark.usefixtures("pro")
async def test_refusals(owner: Any) -> None:
    assert (await owner.script.get(f"{PAGE}GOLD/?days=9")).status_code == 404
    assert (await owner.call(f"{PAGE}GOLD/", days="9", reason="asked")).status_code == 404
    answer = await owner.send(f"{PAGE}PRO/", days="44", version="1")
    assert answer.status_code == 400
    page = Page(answer.text)
    assert "Enter a reason" in page.field("reason").error
    assert "Create version 2" in page.texts("button"), "beside the form"
    answer = await owner.call(f"{PAGE}PRO/", days="44", reason="asked", version="7")
    assert (answer.status_code, answer.json()["kind"]) == (409, "conflict")
    answer = await owner.call(f"{PAGE}PRO/", days="30", reason="asked")
    assert answer.status_code == 409
    assert "already keeps screenshots for 30 days" in answer.json()["detail"]


async def test_a_version_alone_then_its_companies(owner: Any, portal: Portal, engine: AsyncEngine, pro: UUID) -> None:
    answer = await owner.call(f"{PAGE}PRO/", days="60", reason="a law", version="1")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "plan": {"code": "PRO", "name": "Pro", "version": 2, "screenshot_retention_days": 60},
        "moved": 0,
        "kept": [],
    }
    assert (await plans(owner))["PRO"]["differing"] == 1
    page = Page((await owner.browser.get(PAGE)).text)
    assert "of them with a different retention" in page.text
    differing = page.table("[aria-label='Companies with a different retention'] table")
    assert "Pro & Co" in [row["Company"] for row in differing]

    preview = Page((await owner.browser.get(f"{PAGE}PRO/?days=60")).text)
    assert "Move companies" in preview.texts("button")
    answer = await owner.send(f"{PAGE}PRO/", days="60", version="2", move="yes", reason="now all", once=str(uuid4()))
    assert answer.headers["location"] == f"{PAGE}?plan=PRO&moved=1&kept=0#content"
    assert await days_of(engine, pro) == 60, "the page that follows has its numbers right"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert any("PRO: one company has been moved." in status for status in page.statuses)
    assert "All match their plan" in page.text
    entries = (await owner.script.get("/owner/audit-log/?what=move_subscriptions")).json()["entries"]
    assert [(entry["why"], entry["details"]["Asked: To version"]) for entry in entries] == [("now all", "2")]
    assert [plan.version for plan in await portal.get(PlanClient).versions() if plan.code == "PRO"] == [2, 1]


@pytest.mark.usefixtures("pro")
async def test_repeated_it_has_one_effect(owner: Any, portal: Portal) -> None:
    seen = (await plans(owner))["PRO"]["version"]
    fields = {"days": "20", "reason": "shorter", "version": str(seen), "move": "yes"}
    headers = {"x-csrf-token": owner.csrf_token, "idempotency-key": str(uuid4())}
    answers = [await owner.script.post(f"{PAGE}PRO/", json=fields, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["moved"] == 1
    assert max(plan.version for plan in await portal.get(PlanClient).versions() if plan.code == "PRO") == seen + 1


def plan(version: int, days: int, code: str = "PRO") -> Plan:
    return Plan(code, version, "Pro", 9900, "USD", 50, 10**11, days)


def test_the_newest_version_of_each_plan() -> None:
    assert newest_versions([plan(1, 30, "FREE"), plan(2, 60), plan(1, 30)]) == [plan(1, 30, "FREE"), plan(2, 60)]


def test_what_the_owner_has_seen_must_be_what_there_is() -> None:
    assert next_terms(plan(2, 30), 45, seen=2).screenshot_retention_days == 45
    assert next_terms(plan(3, 45), 45, seen=2) == plan(3, 45), "this change itself, repeated"
    with pytest.raises(Conflict, match="Check the preview again"):
        next_terms(plan(3, 60), 45, seen=2)


async def test_a_change_of_plan_says_which_screenshots_would_be_deleted_and_when(owner: Any, pro: UUID) -> None:
    answer = await owner.call(f"{PAGE}FREE/", days="7", reason="asked")
    assert answer.status_code == 200, answer.text
    path = f"/owner/company/{pro}/change-plan/"
    longer = Page((await owner.browser.get(f"{path}?plan_code=ENTERPRISE")).text)
    assert "will be deleted" not in longer.text
    page = Page((await owner.browser.get(f"{path}?plan_code=FREE")).text)
    [*_, later] = (await owner.script.get(f"{path}?plan_code=FREE")).json()["choices"]
    at = datetime.fromisoformat(later["preview"]["effective_at"]) + timedelta(hours=24)
    assert "Screenshots older than 7 days will be deleted from " in page.text
    assert any(str(moment["datetime"]).startswith(f"{at:%Y-%m-%dT%H:%M}") for moment in page.all("p.text-danger time"))
