"""A closed company: its pages are read, its debts are paid, and nothing is offered that would be refused."""

from typing import Any

import pytest

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


def main(page: str) -> str:
    return page.split("<main")[1]


@pytest.mark.parametrize("form", REFUSED)
async def test_explains_instead_of_asking(owner: Any, company: str, form: str) -> None:
    answer = await owner.browser.get(company + form)
    assert answer.status_code == 200
    assert "Gone Ltd is permanently closed" in answer.text
    assert "<form" not in main(answer.text)
    assert "<button" not in main(answer.text)


@pytest.mark.parametrize("page", PAGES)
async def test_its_pages_offer_only_what_is_left(owner: Any, company: str, page: str) -> None:
    text = main((await owner.browser.get(company + page)).text)
    assert "Gone Ltd" in text
    for form in REFUSED:
        assert f'href="{company}{form}"' not in text
    assert (f"{company}record-payment/" in text) == (page == "billing/"), "it owes something"


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
    assert "is permanently closed" in answer.text


async def test_it_is_no_revenue_and_pays_what_it_owes(owner: Any, company: str) -> None:
    subscription = (await owner.read(f"{company}billing/"))["standing"]["value"]["record"]["subscription"]
    assert subscription["monthly_revenue_minor_units"] == 0
    answer = await owner.send(f"{company}record-payment/", amount="99.01", confirm_credit="9901")
    assert answer.status_code == 409
    assert "The balance due is 99.00 USD, and the company is closed" in answer.text
    assert "confirm_credit" not in answer.text
    assert (await owner.call(f"{company}record-payment/", amount="99.00")).status_code == 200
    assert f"{company}record-payment/" not in (await owner.browser.get(f"{company}billing/")).text
    page = (await owner.browser.get(f"{company}record-payment/")).text
    assert "There is no balance due, and the company is closed" in page
    assert "<form" not in main(page)


async def test_unused_time_can_be_credited(owner: Any, company: str) -> None:
    page = main((await owner.browser.get(f"{company}cancel/")).text)
    assert "It is already cancelled and ends with the period" in page
    assert 'value="period-end"' not in page
    answer = await owner.call(f"{company}cancel/", when="now", reason="they asked")
    assert answer.json()["lines"][0]["amount"]["minor_units"] == pytest.approx(-9900, abs=10)


async def test_a_suspended_one_is_not_suspended_again(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Resting Ltd'))['id']}/"
    assert "is not suspended" in main((await owner.browser.get(f"{path}reactivate/")).text)
    await owner.call(f"{path}suspend/", reason="unpaid")
    page = main((await owner.browser.get(f"{path}suspend/")).text)
    assert "Resting Ltd is already suspended" in page
    assert "<form" not in page
    assert "<form" in main((await owner.browser.get(f"{path}reactivate/")).text)
