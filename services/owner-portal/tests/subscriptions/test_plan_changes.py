"""Changing a company's plan: what it would do is shown first; billing itself decides."""

from typing import Any
from uuid import uuid4

import pytest

from testkit.pages import Page

pytestmark = pytest.mark.usefixtures("following")


async def paying(owner: Any, name: str) -> str:
    """The path of a company whose first month of PRO is charged."""
    path = f"/owner/company/{(await owner.found(name))['id']}/"
    assert (await owner.call(f"{path}renew/", reason="they signed")).status_code == 200
    return path


async def test_shows_what_it_would_do(owner: Any) -> None:
    path = await paying(owner, "Preview Ltd")
    page = Page((await owner.browser.get(f"{path}change-plan/")).text)
    assert any("Current plan" in choice for choice in page.texts(".choices label"))
    assert "2. Effective date" not in page.texts("h2")
    page = Page((await owner.browser.get(f"{path}change-plan/?plan_code=ENTERPRISE")).text)
    for words in ("Immediately", "At the end of the period", "Credit", "Charge", "499.00 USD", "999", "1 TB"):
        assert words in page.part("main form[method=post]").text
    [now, later] = (await owner.read(f"{path}change-plan/?plan_code=ENTERPRISE"))["choices"]
    assert now["preview"]["net"]["minor_units"] == pytest.approx(40000, abs=10)
    assert now["preview"]["monthly_revenue_change"]["minor_units"] == 40000
    assert later["preview"]["effective_at"] > now["preview"]["effective_at"]
    assert later["preview"]["lines"] == [], "the next period begins with it, and its price"
    page = Page((await owner.browser.get(f"{path}change-plan/?plan_code=PRO")).text)
    disabled = page.all("[disabled]")
    assert len(disabled) >= 3, "the plan it has cannot be chosen again"
    assert "PRO" in [control.get("value") for control in disabled]


async def test_changes_at_once(owner: Any) -> None:
    path = await paying(owner, "Upgrading Ltd")
    form = {"plan_code": "ENTERPRISE", "timing": "now", "plan_version": "1", "reason": "they grow"}
    answer = await owner.send(f"{path}change-plan/", **form)
    assert answer.headers["location"] == f"{path}?done=plan-changed#content"
    page = Page((await owner.browser.get(path)).text)
    assert page.texts("[data-cell=plan]") == ["ENTERPRISE"], "shown at once"
    history = [row["What"] for row in page.table("[aria-label='Subscription history'] table")]
    assert any("Plan changed" in what and "they grow" in what for what in history)
    answer = await owner.call(f"{path}change-plan/", **form)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.send(f"{path}change-plan/", **form)
    assert answer.status_code == 409
    assert Page(answer.text).field("reason").value == "they grow"


async def test_schedules_and_withdraws(owner: Any) -> None:
    path = await paying(owner, "Downgrading Ltd")
    answer = await owner.call(f"{path}change-plan/", plan_code="FREE", reason="too dear")
    assert answer.json()["scheduled"]["state"] == "PENDING", "a downgrade waits unless something else is asked for"
    assert answer.json()["subscription"]["plan_code"] == "PRO"
    change = answer.json()["scheduled"]["change_id"]
    page = Page((await owner.browser.get(path)).text)
    withdrawal = f"{path}scheduled-changes/{change}/cancel/"
    assert withdrawal in page.addresses
    assert "too dear" in page.text
    other = withdrawal.replace(path, await paying(owner, "Neighbour Ltd"))
    assert (await owner.call(other)).status_code == 404, "it is not that company's"
    assert "it keeps its current plan" in Page((await owner.browser.get(withdrawal)).text).text
    answer = await owner.send(withdrawal, reason="they stay")
    assert answer.headers["location"] == f"{path}?done=change-withdrawn#content"
    assert withdrawal not in Page((await owner.browser.get(path)).text).addresses
    answer = await owner.call(withdrawal)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.send(withdrawal)
    assert answer.status_code == 409
    page = Page((await owner.browser.get(withdrawal)).text).part("main")
    assert "This change was withdrawn on " in page.text
    assert not page.all("button"), "no action is left"
    for unknown in (withdrawal.replace(change, str(uuid4())), other):
        assert (await owner.browser.get(unknown)).status_code == 404
    assert "Withdrawn" in Page((await owner.browser.get(f"{path}billing/")).text).texts(".badge")


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("plan_code", "", "Choose one of the plans."),
        ("plan_code", "P\0O", "Choose one of the plans."),
        ("timing", "soon", "Choose one of these: now, period-end."),
        ("plan_version", "x", "Enter the version of the plan"),
        ("reason", "r" * 501, "Use at most 500 characters."),
        ("reason", "zero\0byte", "Remove the character shown as"),
    ],
)
async def test_bad_input(owner: Any, field: str, value: str, problem: str) -> None:
    name = f"Bad {field} {len(value)} Ltd"
    path = f"/owner/company/{(await owner.found(name))['id']}/change-plan/"
    form = {"plan_code": "FREE", "timing": "now", "reason": "typed words"} | {field: value}
    answer = await owner.call(path, **form)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
    answer = await owner.send(path, **form)
    assert answer.status_code == 400
    page = Page(answer.text)
    beside = [page.field(field).error] if field == "reason" else page.texts("form [role=alert]")
    assert any(problem in message for message in beside)


async def test_a_plan_that_is_not_there(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Golden Ltd'))['id']}/change-plan/"
    answer = await owner.call(path, plan_code="GOLD")
    assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")
    assert "There is no plan GOLD" in Page((await owner.browser.get(f"{path}?plan_code=GOLD")).text).text
    answer = await owner.send(path, plan_code="GOLD", reason="kept words")
    assert answer.status_code == 404
    assert Page(answer.text).field("reason").value == "kept words"


@pytest.mark.parametrize(("plan", "preselected"), [("FREE", "period-end"), ("ENTERPRISE", "now")])
async def test_preselects_what_a_script_would_get_without_a_choice(owner: Any, plan: str, preselected: str) -> None:
    path = await paying(owner, f"Preselected {plan} Ltd")
    page = Page((await owner.browser.get(f"{path}change-plan/?plan_code={plan}")).text)
    assert page.choices("timing").keys() == {"now", "period-end"}
    assert page.field("timing").value == preselected
    assert (await owner.read(f"{path}change-plan/?plan_code={plan}"))["preselected"] == preselected
    scheduled = (await owner.call(f"{path}change-plan/", plan_code=plan)).json()["scheduled"]
    assert ("period-end" if scheduled else "now") == preselected


@pytest.mark.parametrize("code", ["P%00O", "P%0AO", "P" * 33, ""])
async def test_an_address_with_no_plan_says_so(owner: Any, model: Any, code: str) -> None:
    path = f"/owner/company/{await model.company(f'Address {len(code)} {code[2:3]} Ltd')}/change-plan/?plan_code={code}"
    answer = await owner.browser.get(path)
    assert answer.status_code == 400
    page = Page(answer.text)
    assert "Choose one of the plans." in page.texts("form [role=alert]")
    assert "does not respond" not in page.text
    answer = await owner.script.get(path)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")
