"""The page of alerts: who may, what it lists, how it is answered."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.use_cases import evaluate_alerts
from owner_portal.alerts.worker import AlertFeed
from owner_portal.directory.rules import Status
from owner_portal.web.portal import Portal
from testkit.pages import Page

ACTIONS = ["acknowledge", "snooze", "reopen", "emails"]
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
async def companies(model: Any) -> list[UUID]:
    """One that is full and <strange>, one whose trial ends tomorrow."""
    full, trial = await model.company("Full <b> Ltd"), await model.company("Trial Ltd")
    await model.subscription(full)
    await model.day(full, TODAY, seats_used=50, storage=95 * 10**9)
    await model.subscription(trial, Status.TRIAL, days_left=1)
    return [full, trial]


@pytest.fixture(autouse=True)
async def _open(engine: AsyncEngine, companies: list[UUID]) -> None:
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE alert_turn SET taken_at = '-infinity'"))
    await evaluate_alerts(engine)
    async with engine.begin() as tx:
        await tx.execute(
            text("UPDATE alert SET state = 'OPEN', snoozed_until = NULL WHERE company_id = ANY(:ids)"),
            {"ids": companies},
        )


async def listed(owner: Any, query: str = "") -> list[str]:
    answer = await owner.script.get(f"/owner/alerts/{query}")
    assert answer.status_code == 200, answer.text
    return [alert["kind"] for alert in answer.json()["alerts"]]


async def test_strangers_sign_in_first(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/owner/alerts/")).headers["location"].startswith("/owner/login/")
    for action in ACTIONS:
        assert (await anonymous.post(f"/owner/alerts/{action}/")).headers["location"] == "/owner/login/"
        answer = await anonymous.post(f"/owner/alerts/{action}/", json={}, headers={"accept": "application/json"})
        assert answer.status_code == 401


@pytest.mark.parametrize("action", ACTIONS)
async def test_the_token_is_needed(owner: Any, action: str) -> None:
    answer = await owner.browser.post(f"/owner/alerts/{action}/", data={"csrf_token": "0" * 64})
    assert answer.status_code == 403


async def test_lists_the_most_pressing_first(owner: Any, companies: list[UUID]) -> None:
    assert await listed(owner) == ["SEATS", "TRIAL_ENDING", "STORAGE"]
    assert await listed(owner, "?kind=STORAGE") == ["STORAGE"]
    assert await listed(owner, "?state=SNOOZED") == []
    assert await listed(owner, "?state=nonsense&kind=nonsense&page=x") == ["SEATS", "TRIAL_ENDING", "STORAGE"]
    assert await listed(owner, "?page=9999999999") == []
    page = Page((await owner.browser.get("/owner/alerts/")).text)
    assert page.links["Full <b> Ltd"] == f"/owner/company/{companies[0]}/"
    shown = page.texts("[data-alert]")
    for words in ("50 of", "The trial ends on", "of storage is in use"):
        assert any(words in alert for alert in shown)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?state=SNOOZED", "No matching alerts"),
        ("?page=99", "Page not found"),
        ("?kind=PAST_DUE", "No matching alerts"),
        ("?state=ALL", "Acknowledge"),
    ],
)
async def test_says_why_nothing_is_there(owner: Any, query: str, words: str) -> None:
    answer = await owner.browser.get(f"/owner/alerts/{query}")
    assert (answer.status_code, words in Page(answer.text).part("main").text) == (200, True)


async def test_answers_by_script(owner: Any, companies: list[UUID], portal: Portal) -> None:
    full, trial = companies
    answer = await owner.call("/owner/alerts/acknowledge/", alerts=f"{full}:SEATS,{trial}:TRIAL_ENDING")
    assert (answer.status_code, answer.json()) == (200, {"answered": 2})
    assert await listed(owner) == ["STORAGE"]
    assert portal.open_alerts() == 1
    answer = await owner.call("/owner/alerts/snooze/", alerts=f"{full}:STORAGE", days="7")
    assert answer.status_code == 200
    [resting] = (await owner.script.get("/owner/alerts/?state=SNOOZED")).json()["alerts"]
    assert resting["snoozed_until"] > datetime.now(UTC).isoformat()
    assert resting["answered_by"] == "owner@tenantry.example"
    assert await listed(owner, "?state=ALL") == ["SEATS", "TRIAL_ENDING", "STORAGE"]
    answer = await owner.call("/owner/alerts/reopen/", alerts=f"{full}:STORAGE")
    assert await listed(owner) == ["STORAGE"]


async def test_answers_by_clicking(owner: Any, companies: list[UUID]) -> None:
    view = "/owner/alerts/?kind=SEATS"
    answer = await owner.send("/owner/alerts/acknowledge/", alerts=f"{companies[0]}:SEATS", view=view)
    assert (answer.status_code, answer.headers["location"]) == (303, view)
    page = Page((await owner.browser.get(f"{view}&state=ACKNOWLEDGED")).text)
    [alert] = page.texts("[data-alert]")
    assert "acknowledged by owner@tenantry.example" in alert
    assert "owner@tenantry.example" in page.texts("[data-alert] bdi")
    answer = await owner.send("/owner/alerts/reopen/", alerts=f"{companies[0]}:SEATS", view="//evil.example")
    assert answer.headers["location"] == "/owner/alerts/"


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("acknowledge", {}, 400),
        ("acknowledge", {"alerts": "x:SEATS"}, 400),
        ("acknowledge", {"alerts": f"{uuid4()}:NONSENSE"}, 400),
        ("acknowledge", {"alerts": f"{uuid4()}:SEATS"}, 404),
        ("snooze", {"alerts": f"{uuid4()}:SEATS"}, 400),
        ("snooze", {"alerts": f"{uuid4()}:SEATS", "days": "²"}, 400),
        ("snooze", {"alerts": f"{uuid4()}:SEATS", "days": "8"}, 400),
        ("snooze", {"alerts": ",".join([f"{uuid4()}:SEATS"] * 201), "days": "7"}, 400),
        ("emails", {"frequency": "SECONDLY"}, 400),
        ("emails", {}, 400),
    ],
)
async def test_refuses_what_makes_no_sense(owner: Any, action: str, fields: dict[str, str], status: int) -> None:
    assert (await owner.call(f"/owner/alerts/{action}/", **fields)).status_code == status
    assert (await owner.send(f"/owner/alerts/{action}/", **fields)).status_code == status


async def test_a_script_cannot_acknowledge_for_days(owner: Any) -> None:
    answer = await owner.call("/owner/alerts/acknowledge/", alerts=f"{uuid4()}:SEATS", days="7")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["days"])


async def test_how_often_by_email(owner: Any) -> None:
    for frequency in ("DAILY", "HOURLY", "NEVER"):
        answer = await owner.send("/owner/alerts/emails/", frequency=frequency)
        assert answer.status_code == 303
        assert (await owner.script.get("/owner/alerts/")).json()["emails"] == frequency


async def test_the_bell_counts(owner: Any, portal: Portal) -> None:
    await portal.get(AlertFeed).count_step()
    assert portal.open_alerts() == 3
    page = Page((await owner.browser.get("/owner/dashboard/")).text)
    assert page.texts("[data-cell=alerts-count]") == ["3"]


async def test_at_most_six_statements(owner: Any, engine: AsyncEngine) -> None:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await owner.browser.get("/owner/alerts/?state=ALL")
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) <= 6, statements
