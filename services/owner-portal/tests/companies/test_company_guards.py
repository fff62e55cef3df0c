"""Every address about a company: without a session, without the form's token, while tenancy and billing are away."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.companies.rules.keys import Key, KeyState
from owner_portal.companies.rules.policy import TrackingPolicy
from owner_portal.freshness.store import cached_answers
from testkit.pages import Page

PAGES = ["", "billing/", "keys/", "audit/", "usage.csv", "logo/"]
FORMS: dict[str, dict[str, str]] = {
    "edit/": {"contact_person": "Somebody"},
    "logo/edit/": {"remove": "true"},
    "tracking-policy/": {"screenshot_interval_seconds": "60", "idle_threshold_seconds": "60"},
    "suspend/": {},
    "reactivate/": {},
    "close/": {"confirm": "Away Ltd"},
    "rotate-key/": {"grace": "1h"},
    "change-plan/": {"plan_code": "FREE", "timing": "now"},
    "record-payment/": {"amount": "1.00"},
    "renew/": {},
    "extend/": {"days": "1"},
    "cancel/": {},
    "mark-past-due/": {},
    f"keys/{UUID(int=1)}/revoke/": {},
    f"scheduled-changes/{UUID(int=2)}/cancel/": {},
    f"payments/{UUID(int=3)}/reverse/": {},
}


@pytest.fixture(scope="module")
async def company(model: Any) -> UUID:
    company_id: UUID = await model.company("Away Ltd")
    await model.subscription(company_id)
    return company_id


@pytest.mark.parametrize("page", [*PAGES, *FORMS])
async def test_needs_a_session(anonymous: Any, company: UUID, page: str) -> None:
    path = f"/owner/company/{company}/{page}"
    answer = await anonymous.get(path)
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/owner/login/")
    answer = await anonymous.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["kind"]) == (401, "not_authenticated")
    if page in FORMS:
        assert (await anonymous.post(path, data=FORMS[page])).status_code == 303
        answer = await anonymous.post(path, json=FORMS[page], headers={"accept": "application/json"})
        assert answer.status_code == 401


@pytest.mark.parametrize("form", FORMS)
async def test_needs_the_token_of_the_form(owner: Any, company: UUID, form: str) -> None:
    path, fields = f"/owner/company/{company}/{form}", FORMS[form] | {"reason": "because"}
    for given in (fields, fields | {"csrf_token": "wrong"}):
        assert (await owner.browser.post(path, data=given)).status_code == 403
        answer = await owner.script.post(path, json=given)
        assert (answer.status_code, answer.json()["kind"]) == (403, "forbidden")
    headers = {"x-csrf-token": owner.csrf_token, "origin": "https://elsewhere.example"}
    assert (await owner.script.post(path, json=fields, headers=headers)).status_code == 403


@pytest.mark.parametrize("form", FORMS)
async def test_says_who_is_away_and_keeps_what_was_typed(owner: Any, company: UUID, form: str) -> None:
    path, fields = f"/owner/company/{company}/{form}", FORMS[form] | {"reason": "typed words"}
    answer = await owner.send(path, **fields, once="my-key")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    page = Page(answer.text)
    assert any(" does not respond at the moment." in alert for alert in page.alerts)
    assert page.field("reason").value == "typed words"
    assert page.field("once").value == "my-key", "sent again it has no second effect"
    answer = await owner.call(path, **fields)
    assert (answer.status_code, answer.json()["kind"]) == (503, "unavailable")


@pytest.mark.parametrize("form", FORMS)
async def test_the_pages_of_actions_are_there_all_the_same(owner: Any, company: UUID, form: str) -> None:
    answer = await owner.browser.get(f"/owner/company/{company}/{form}")
    assert answer.status_code == 200
    assert "Away Ltd" in Page(answer.text).text


async def test_shows_what_was_known_and_since_when(owner: Any, company: UUID, engine: AsyncEngine) -> None:
    key = Key(uuid4(), "ab12", KeyState.ENDING, datetime.now(UTC), datetime.now(UTC) + timedelta(hours=3), None, 17)
    policy = TrackingPolicy(True, 4242, True, True, True, 300, 1)
    answered = {
        f"{company} keys": TypeAdapter(list[Key]).dump_json([key]).decode(),
        f"{company} policy": TypeAdapter(TrackingPolicy).dump_json(policy).decode(),
    }
    async with engine.begin() as tx:
        await cached_answers.settle(tx, answered=answered, unanswered=())
        await tx.execute(text("UPDATE known_answer SET as_of = now() - interval '3 hours'"))
    page = Page((await owner.browser.get(f"/owner/company/{company}/")).text)
    assert "Tenancy does not respond at the moment." in page.text
    assert "3 h ago" in page.text
    assert page.facts["Screenshots"] == "every 4,242 seconds"
    assert "17 devices on an old key" in page.text
    assert "Billing does not respond at the moment." in page.text
    page = Page((await owner.browser.get(f"/owner/company/{company}/keys/")).text)
    assert [key["Last four"] for key in page.table()] == ["ab12"]
    assert "3 h ago" in page.text


@pytest.mark.parametrize("page", [*PAGES, *FORMS])
async def test_an_unknown_company_is_not_found(owner: Any, page: str) -> None:
    answer = await owner.browser.get(f"/owner/company/{uuid4()}/{page}")
    assert answer.status_code == (503 if page == "logo/" else 404)
