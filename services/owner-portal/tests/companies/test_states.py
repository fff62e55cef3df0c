"""The states of a company's life, with tenancy and billing themselves."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.directory import use_cases
from owner_portal.freshness.rules import Source
from testkit.pages import Page
from testkit.waiting import eventually

pytestmark = pytest.mark.usefixtures("following")


async def test_life_of_a_company_by_script(owner: Any, engine: AsyncEngine) -> None:
    company = await owner.found("Script Ltd")
    path = f"/owner/company/{company['id']}/"
    assert (company["name"], company["state"], company["time_zone"]) == ("Script Ltd", "ACTIVE", "Europe/Berlin")
    assert (await owner.read(path))["status"] == "TRIAL"

    answer = await owner.call(f"{path}suspend/")
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    answer = await owner.call(f"{path}suspend/", reason="unpaid")
    assert (answer.status_code, answer.json()["company"]["state"]) == (200, "SUSPENDED")
    assert (await owner.read(path))["status"] == "SUSPENDED", "shown at once"
    answer = await owner.call(f"{path}suspend/", reason="unpaid")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")

    answer = await owner.call(f"{path}reactivate/")
    assert (answer.status_code, answer.json()["company"]["state"]) == (200, "ACTIVE")
    answer = await owner.call(f"{path}reactivate/")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    assert await use_cases.revision_of(engine, Source.COMPANIES) > 0


async def test_life_of_a_company_in_the_browser(owner: Any) -> None:
    company = await owner.found("Forms Ltd")
    path = f"/owner/company/{company['id']}/"
    page = Page((await owner.browser.get(f"{path}suspend/")).text)
    assert "signed out and refused" in page.text
    assert "Nothing is deleted" in page.text
    answer = await owner.send(f"{path}suspend/")
    assert answer.status_code == 400
    assert "Enter a reason" in Page(answer.text).field("reason").error
    answer = await owner.send(f"{path}suspend/", reason="unpaid since May")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=suspended#content")
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert any("are now refused" in status for status in page.statuses)
    answer = await owner.send(f"{path}suspend/", reason="unpaid since May")
    assert answer.status_code == 409
    assert "Forms Ltd is already suspended" in Page(answer.text).text, "a form would be refused again"
    page = Page((await owner.browser.get(f"{path}reactivate/")).text)
    assert "accepted again immediately" in page.text
    assert "it is extended to" in page.text, "a trial of 30 days began a moment ago, so it is a moment too short"
    assert (await owner.send(f"{path}reactivate/")).headers["location"] == f"{path}?done=reactivated#content"


async def test_reactivating_extends_as_the_page_says(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Extended Ltd'))['id']}/"
    await owner.call(f"{path}suspend/", reason="unpaid")
    before = (await owner.read(f"{path}billing/"))["standing"]["value"]["record"]["subscription"]["expires_at"]
    await owner.call(f"{path}reactivate/", reason="paid")

    async def extended() -> bool:
        records = (await owner.read(path))["history"]["value"]
        return bool(records[0]["kind"] == "EXTENDED" and records[0]["subscription"]["expires_at"] > before)

    await eventually(extended)


async def test_closes_permanently(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Ending Ltd'))['id']}/"
    assert "cannot be undone" in Page((await owner.browser.get(f"{path}close/")).text).text
    answer = await owner.send(f"{path}close/", reason="gone", confirm="Other Ltd")
    assert answer.status_code == 400
    confirmation = Page(answer.text).field("confirm")
    assert "Type the company's name exactly: Ending Ltd" in confirmation.error
    assert confirmation.value == "Other Ltd"
    answer = await owner.send(f"{path}close/", reason="gone", confirm="Ending Ltd")
    assert answer.headers["location"] == f"{path}?done=closed#content"
    page = Page((await owner.browser.get(path)).text)
    assert page.texts("[data-cell=status]") == ["Closed"]
    assert f"{path}suspend/" not in page.addresses, "can no longer be changed"
    answer = await owner.call(f"{path}edit/", name="Again Ltd")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")


async def test_a_form_sent_twice_has_one_effect(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Twice Pressed Ltd'))['id']}/"
    once = Page((await owner.browser.get(f"{path}suspend/")).text).field("once").value
    answers = [await owner.send(f"{path}suspend/", reason="unpaid", once=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    answer = await owner.send(f"{path}suspend/", reason="another", once=once)
    assert answer.status_code == 409
    assert any("This form was already submitted with different values" in alert for alert in Page(answer.text).alerts)
    assert once not in answer.text, "the next attempt has another key"


async def test_unknown_company(owner: Any) -> None:
    for action in ("suspend", "reactivate", "rotate-key", "mark-past-due", "renew"):
        answer = await owner.call(f"/owner/company/{uuid4()}/{action}/", reason="because")
        assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")
        assert (await owner.send(f"/owner/company/{uuid4()}/{action}/", reason="because")).status_code == 404


async def test_changes_that_come_again_change_nothing(owner: Any, engine: AsyncEngine, following: Any) -> None:
    company_id = (await owner.found("Replayed Ltd"))["id"]

    async def held() -> Any:
        async with engine.begin() as tx:
            rows = await tx.execute(text("SELECT * FROM company WHERE company_id = :id"), {"id": company_id})
            return rows.one_or_none()

    before, revision = await held(), await use_cases.revision_of(engine, Source.COMPANIES)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET revision = 0 WHERE name IN ('companies', 'subscriptions')"))
    await following.companies_step()
    await following.subscriptions_step()
    assert await held() == before
    assert await use_cases.revision_of(engine, Source.COMPANIES) >= revision


async def test_reloads_after_a_service_was_restored(owner: Any, model: Any, engine: AsyncEngine) -> None:
    """A restored backup has fewer revisions: the copies are dropped and reloaded."""
    known = (await owner.found("Restored Ltd"))["id"]
    forgotten = await model.company("Forgotten Ltd", revision=900_000)
    await model.subscription(forgotten)
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET revision = 900000 WHERE name IN ('companies', 'subscriptions')"))

    async def settled() -> bool:
        async with engine.begin() as tx:
            rows = (await tx.execute(text("SELECT company_id, status, plan_code FROM directory"))).all()
        states = {str(row.company_id): row.status for row in rows}
        return str(forgotten) not in states and states.get(known) == "TRIAL" and "PENDING" not in states.values()

    await eventually(settled)
