"""A company's money: charges, payments, renewing, extending, cancelling, with billing itself."""

from typing import Any

import pytest

from testkit.pages import Page

PAYMENTS = "[aria-label=Payments] table"

pytestmark = pytest.mark.usefixtures("following")


async def test_from_trial_to_paid(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Paying Ltd'))['id']}/"
    page = Page((await owner.browser.get(f"{path}billing/")).text)
    assert page.facts["State"] == "Trial"
    assert page.facts["Billed"].startswith("Not billed; ends")
    for words in ("Nothing has been charged yet.", "No balance due."):
        assert words in page.text

    assert "99.00 USD" in Page((await owner.browser.get(f"{path}renew/")).text).text
    answer = await owner.send(f"{path}renew/", reason="they signed")
    assert answer.headers["location"] == f"{path}billing/?done=renewed#content"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert "Renewed. The new month has been charged." in page.statuses
    assert "Balance due: 99.00 USD." in page.text
    answer = await owner.send(f"{path}renew/", reason="again")
    assert answer.status_code == 409
    assert "The subscription renews automatically on " in Page(answer.text).text

    assert (await owner.send(f"{path}mark-past-due/")).status_code == 400, "it needs a reason"
    answer = await owner.send(f"{path}mark-past-due/", reason="no answer")
    assert answer.headers["location"] == f"{path}billing/?done=past-due#content"
    assert "Past due" in Page((await owner.browser.get(path)).text).texts("[data-cell=status]")

    form = {"amount": "99.00", "received_on": "2026-01-02", "reference": "BANK 1", "reason": "by bank"}
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.headers["location"] == f"{path}billing/?done=paid#content"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    [payment] = page.table(PAYMENTS)
    assert (payment["Reference"], payment["Received"]) == ("BANK 1", "2 Jan 2026")
    assert "No balance due." in page.text
    assert (await owner.read(path))["status"] == "ACTIVE"
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "is already recorded" in page.text
    assert page.field("reference").value == "BANK 1"


async def test_extends_and_cancels(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Leaving Ltd'))['id']}/"
    before = (await owner.read(f"{path}billing/"))["standing"]["value"]["record"]["subscription"]["expires_at"]
    answer = await owner.call(f"{path}extend/", days="7", reason="a present")
    assert answer.json()["subscription"]["expires_at"] > before
    answer = await owner.send(f"{path}extend/", days="7")
    assert answer.headers["location"] == f"{path}billing/?done=extended#content"
    await owner.call(f"{path}renew/")
    answer = await owner.call(f"{path}cancel/", reason="they leave")
    assert answer.json()["subscription"]["state"] == "CANCELLED"
    assert answer.json()["lines"] == []
    page = Page((await owner.browser.get(f"{path}renew/")).text)
    assert "The cancellation is withdrawn: its period ends on " in page.text
    assert "Nothing is charged now." in page.text
    answer = await owner.send(f"{path}renew/", reason="they stay")
    assert answer.headers["location"] == f"{path}billing/?done=resumed#content"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert "The subscription is active again. Nothing was charged." in page.statuses
    answer = await owner.send(f"{path}cancel/", reason="they leave", when="now")
    assert answer.headers["location"] == f"{path}billing/?done=cancelled#content"
    page = Page((await owner.browser.get(f"{path}billing/")).text)
    assert any("Credit" in line["For"] for line in page.table("[aria-label='Charges and credits'] table"))
    answer = await owner.send(f"{path}cancel/", reason="they leave", when="now")
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("action", "field", "value", "problem"),
    [
        ("record-payment", "amount", "", "with a decimal point"),
        ("record-payment", "amount", "99,50", "with a decimal point"),
        ("record-payment", "amount", "0", "with a decimal point"),
        ("record-payment", "amount", "-5", "with a decimal point"),
        ("record-payment", "amount", "9" * 20, "with a decimal point"),
        ("record-payment", "received_on", "2999-01-01", "Enter a date that is not in the future"),
        ("record-payment", "received_on", "soon", "Enter a date that is not in the future"),
        ("record-payment", "reference", "zero\0byte", "Remove the character shown as"),
        ("extend", "days", "0", "Enter whole days from 1 to 366."),
        ("extend", "days", "367", "Enter whole days from 1 to 366."),
        ("extend", "days", "some", "Enter whole days from 1 to 366."),
        ("cancel", "when", "soon", "Choose one of these: now, period-end."),
        ("cancel", "reason", "", "Enter a reason"),
    ],
)
async def test_bad_input_stays(owner: Any, model: Any, action: str, field: str, value: str, problem: str) -> None:
    company = await model.company(f"Bad {action} {field} {len(value)} {value[:1].encode().hex()}")
    await model.subscription(company)
    form = {"amount": "12.34", "days": "3", "reason": "kept words"} | {field: value}
    answer = await owner.send(f"/owner/company/{company}/{action}/", **form)
    assert answer.status_code == 400
    page = Page(answer.text)
    beside = page.texts("fieldset [role=alert]") if field == "when" else [page.field(field).error]
    assert [problem in message for message in beside] == [True]
    assert page.field("reason").value == ("" if field == "reason" else "kept words")
    assert field == "when" or page.field(field).value == value.replace("\0", "\ufffd")
    answer = await owner.call(f"/owner/company/{company}/{action}/", **form)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


async def test_turns_pages(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Many Payments Ltd'))['id']}/"
    for number in range(27):
        fields = {"amount": f"{number + 1}", "reference": f"Many {number}", "confirm_credit": "true"}
        answer = await owner.call(f"{path}record-payment/", **fields)
        assert answer.status_code == 200, answer.text
    page = Page((await owner.browser.get(f"{path}billing/")).text)
    references = [payment["Reference"] for payment in page.table(PAYMENTS)]
    assert "Many 26" in references
    assert "Many 1" not in references
    older = str(page.one("a[rel=next]")["href"])
    assert older.startswith(f"{path}billing/")
    page = Page((await owner.browser.get(older)).text)
    references = [payment["Reference"] for payment in page.table(PAYMENTS)]
    assert "Many 1" in references
    assert "Many 26" not in references
    assert "Newest" in page.links
    assert (await owner.browser.get(f"{path}billing/?payments=x")).status_code == 400


async def test_more_than_is_owed_is_asked_about_first(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Too Much Ltd'))['id']}/"
    await owner.call(f"{path}renew/")
    assert not Page((await owner.browser.get(f"{path}record-payment/")).text).choices("confirm_credit")
    form = {"amount": "150.00", "reference": "TOO MUCH"}
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "The balance due is 99.00 USD: 51.00 USD would be a prepayment." in page.text
    assert page.choices("confirm_credit") == {"15000": False}
    answer = await owner.call(f"{path}record-payment/", **form)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.send(f"{path}record-payment/", **form | {"amount": "1500", "confirm_credit": "15000"})
    assert answer.status_code == 409, "another amount was confirmed"
    page = Page(answer.text)
    assert "1,401.00 USD would be a prepayment." in page.text
    assert page.choices("confirm_credit") == {"150000": False}
    answer = await owner.send(f"{path}record-payment/", **form, confirm_credit="true")
    assert answer.status_code == 409, "a form says which amount"
    answer = await owner.send(f"{path}record-payment/", **form, confirm_credit="15000", received_on="soon")
    assert answer.status_code == 400
    assert Page(answer.text).choices("confirm_credit") == {"15000": True}
    confirmed = form | {"confirm_credit": "15000", "once": "my payment"}
    for _ in range(2):
        answer = await owner.send(f"{path}record-payment/", **confirmed)
        assert answer.headers["location"] == f"{path}billing/?done=paid#content", "sent again it is answered alike"
    assert "Credit balance: 51.00 USD." in Page((await owner.browser.get(f"{path}billing/")).text).text


async def test_a_payment_is_taken_back(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Typing Error Ltd'))['id']}/"
    await owner.call(f"{path}renew/")
    wrong = {"amount": "990.00", "reference": "WRONG", "confirm_credit": "true"}
    payment = (await owner.call(f"{path}record-payment/", **wrong)).json()["payment"]["payment_id"]
    reversal = f"{path}payments/{payment}/reverse/"
    assert reversal in Page((await owner.browser.get(f"{path}billing/")).text).addresses
    page = Page((await owner.browser.get(reversal)).text)
    assert "990.00 USD" in page.text
    assert "WRONG" in page.text
    assert (await owner.send(reversal)).status_code == 400, "it needs a reason"
    answer = await owner.send(reversal, reason="a zero too many")
    assert answer.headers["location"] == f"{path}billing/?done=reversed#content"
    page = Page((await owner.browser.get(answer.headers["location"])).text)
    assert any("Payment reversed." in status for status in page.statuses)
    payments = page.table(PAYMENTS)
    assert any("Reversed" in entry["Method"] for entry in payments)
    assert "-990.00 USD" in [entry["Amount"] for entry in payments]
    assert "Balance due: 99.00 USD." in page.text
    assert reversal not in page.addresses
    assert "This payment has already been reversed" in Page((await owner.browser.get(reversal)).text).text
    assert (await owner.call(reversal, reason="again")).status_code == 409
    assert (await owner.call(f"{path}record-payment/", amount="99", reference="WRONG")).status_code == 200


async def test_what_an_action_is_about_has_to_be_there(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Nothing There Ltd'))['id']}/"
    unknown = path.split("/")[3]
    for page in (f"payments/{unknown}/reverse/", f"scheduled-changes/{unknown}/cancel/", f"keys/{unknown}/revoke/"):
        assert (await owner.browser.get(path + page)).status_code == 404
        answer = await owner.script.get(path + page)
        assert (answer.status_code, answer.json()["kind"]) == (404, "not_found")


async def test_offers_nothing_that_would_be_refused(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Offers Ltd'))['id']}/"
    await owner.call(f"{path}renew/")
    page = Page((await owner.browser.get(f"{path}billing/")).text)
    assert f"{path}renew/" not in page.addresses
    assert f"{path}mark-past-due/" in page.addresses
    page = Page((await owner.browser.get(f"{path}renew/")).text).part("main")
    assert "The subscription renews automatically on " in page.text
    assert not page.all("form")
