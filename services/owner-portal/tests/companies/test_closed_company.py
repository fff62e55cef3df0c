"""A closed company: its pages are read, its debts are paid, and nothing is offered that would be refused."""

from typing import Any

import pytest

from testkit.pages import Page
from testkit.waiting import eventually

pytestmark = pytest.mark.usefixtures("following")

PAGES = ["", "billing/", "keys/", "audit/"]
REFUSED = [
    "edit/",
    "logo/edit/",
    "tracking-policy/",
    "rotate-key/",
    "change-plan/",
    "change-plan/?plan_code=ENTERPRISE",
    "renew/",
    "extend/",
    "mark-past-due/",
    "suspend/",
    "reactivate/",
    "close/",
]


@pytest.fixture(scope="module")
async def company(following: Any, owner: Any) -> str:  # noqa: ARG001 - tenancy and billing run first
    """The path of one that owes a month, once billing has processed the closing."""
    path = f"/owner/company/{(await owner.found('Gone Ltd'))['id']}/"
    assert (await owner.call(f"{path}renew/")).status_code == 200
    assert (await owner.call(f"{path}close/", confirm="Gone Ltd", reason="bankrupt")).status_code == 200

    async def processed() -> bool:
        standing = (await owner.read(f"{path}billing/"))["standing"]["value"]
        return "RENEW" in standing["refusals"] and standing["record"]["subscription"]["state"] == "CANCELLED"

    await eventually(processed)
    return path


async def main(owner: Any, path: str) -> Page:
    """The main part of a page."""
    answer = await owner.browser.get(path)
    assert answer.status_code == 200
    return Page(answer.text).part("main")


@pytest.mark.parametrize("form", REFUSED)
async def test_explains_instead_of_asking(owner: Any, company: str, form: str) -> None:
    page = await main(owner, company + form)
    assert "Gone Ltd is permanently closed" in page.text
    assert not page.all("form, button")


@pytest.mark.parametrize("page", PAGES)
async def test_its_pages_offer_only_what_is_left(owner: Any, company: str, page: str) -> None:
    shown = await main(owner, company + page)
    assert "Gone Ltd" in shown.text
    for form in REFUSED:
        assert company + form not in shown.addresses
    assert (f"{company}record-payment/" in shown.addresses) == (page == "billing/"), "it owes something"


@pytest.mark.parametrize(
    ("form", "fields"),
    [("renew/", {}), ("extend/", {"days": "7"}), ("change-plan/", {"plan_code": "FREE"}), ("mark-past-due/", {})],
)
async def test_billing_refuses_scripts_as_well(owner: Any, company: str, form: str, fields: dict[str, str]) -> None:
    answer = await owner.call(company + form, **fields, reason="all the same")
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    assert answer.json()["detail"].startswith("The company was closed on ")
    answer = await owner.send(company + form, **fields, reason="all the same")
    assert answer.status_code == 409
    assert "is permanently closed" in Page(answer.text).text


async def test_it_is_no_revenue_and_pays_what_it_owes(owner: Any, company: str) -> None:
    subscription = (await owner.read(f"{company}billing/"))["standing"]["value"]["record"]["subscription"]
    assert subscription["monthly_revenue_minor_units"] == 0
    answer = await owner.send(f"{company}record-payment/", amount="99.01", confirm_credit="9901")
    assert answer.status_code == 409
    page = Page(answer.text)
    assert any("The balance due is 99.00 USD, and the company is closed" in alert for alert in page.alerts)
    assert not page.choices("confirm_credit")
    assert (await owner.call(f"{company}record-payment/", amount="99.00")).status_code == 200
    assert f"{company}record-payment/" not in (await main(owner, f"{company}billing/")).addresses
    page = await main(owner, f"{company}record-payment/")
    assert "There is no balance due, and the company is closed" in page.text
    assert not page.all("form")


async def test_unused_time_can_be_credited(owner: Any, company: str) -> None:
    page = await main(owner, f"{company}cancel/")
    assert "It is already cancelled and ends with the period" in page.text
    assert page.choices("when") == {"now": True}
    answer = await owner.call(f"{company}cancel/", when="now", reason="they asked")
    assert answer.json()["lines"][0]["amount"]["minor_units"] == pytest.approx(-9900, abs=10)


async def test_a_suspended_one_is_not_suspended_again(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Resting Ltd'))['id']}/"
    assert "is not suspended" in (await main(owner, f"{path}reactivate/")).text
    await owner.call(f"{path}suspend/", reason="unpaid")
    page = await main(owner, f"{path}suspend/")
    assert "Resting Ltd is already suspended" in page.text
    assert not page.all("form")
    assert (await main(owner, f"{path}reactivate/")).all("form")
