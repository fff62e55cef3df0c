"""A company's money: charges, payments, renewing, extending, cancelling, with billing itself."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("following")


async def test_from_trial_to_paid(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Paying Ltd'))['id']}/"
    page = (await owner.browser.get(f"{path}billing/")).text
    for words in (
        "Trial",
        "Not billed; ends",
        "Nothing has been charged yet.",
        "No balance due.",
    ):
        assert words in page

    assert "99.00 USD" in (await owner.browser.get(f"{path}renew/")).text
    answer = await owner.send(f"{path}renew/", reason="they signed")
    assert answer.headers["location"] == f"{path}billing/?done=renewed#content"
    page = (await owner.browser.get(answer.headers["location"])).text
    assert "Renewed. The new month has been charged." in page
    assert "99.00 USD</data></strong>." in page
    answer = await owner.send(f"{path}renew/", reason="again")
    assert answer.status_code == 409
    assert "The subscription renews automatically on " in answer.text

    assert (await owner.send(f"{path}mark-past-due/")).status_code == 400, "it needs a reason"
    answer = await owner.send(f"{path}mark-past-due/", reason="no answer")
    assert answer.headers["location"] == f"{path}billing/?done=past-due#content"
    assert "Past due" in (await owner.browser.get(path)).text

    form = {"amount": "99.00", "received_on": "2026-01-02", "reference": "BANK 1", "reason": "by bank"}
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.headers["location"] == f"{path}billing/?done=paid#content"
    page = (await owner.browser.get(answer.headers["location"])).text
    for words in ("BANK 1", "2 Jan 2026", "No balance due."):
        assert words in page
    assert (await owner.read(path))["status"] == "ACTIVE"
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.status_code == 409
    assert "is already recorded" in answer.text
    assert 'value="BANK 1"' in answer.text


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
    page = (await owner.browser.get(f"{path}renew/")).text
    assert "The cancellation is withdrawn: its period ends on " in page
    assert "Nothing is charged now." in page
    answer = await owner.send(f"{path}renew/", reason="they stay")
    assert answer.headers["location"] == f"{path}billing/?done=resumed#content"
    page = (await owner.browser.get(answer.headers["location"])).text
    assert "The subscription is active again. Nothing was charged." in page
    answer = await owner.send(f"{path}cancel/", reason="they leave", when="now")
    assert answer.headers["location"] == f"{path}billing/?done=cancelled#content"
    page = (await owner.browser.get(f"{path}billing/")).text
    assert "Credit" in page
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
    assert problem in answer.text
    assert "kept words" in answer.text or field == "reason"
    assert f'value="{value}"' in answer.text or field in {"when", "reason"} or "\0" in value
    answer = await owner.call(f"/owner/company/{company}/{action}/", **form)
    assert (answer.status_code, answer.json()["kind"]) == (400, "invalid_input")


async def test_turns_pages(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Many Payments Ltd'))['id']}/"
    for number in range(27):
        fields = {"amount": f"{number + 1}", "reference": f"Many {number}", "confirm_credit": "true"}
        answer = await owner.call(f"{path}record-payment/", **fields)
        assert answer.status_code == 200, answer.text
    page = (await owner.browser.get(f"{path}billing/")).text
    assert "Many 26" in page
    assert "Many 1<" not in page
    older = page.split(f'rel="next" href="{path}billing/')[1].split('"')[0]
    page = (await owner.browser.get(f"{path}billing/{older}")).text
    assert "Many 1<" in page
    assert "Many 26" not in page
    assert "Newest" in page
    assert (await owner.browser.get(f"{path}billing/?payments=x")).status_code == 400


def once(page: str) -> str:
    """The key that a form was given with its page."""
    return page.split('name="once" value="')[1].split('"', maxsplit=1)[0]


async def test_more_than_is_owed_is_asked_about_first(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Too Much Ltd'))['id']}/"
    await owner.call(f"{path}renew/")
    assert "confirm_credit" not in (await owner.browser.get(f"{path}record-payment/")).text
    form = {"amount": "150.00", "reference": "TOO MUCH"}
    answer = await owner.send(f"{path}record-payment/", **form)
    assert answer.status_code == 409
    assert "The balance due is 99.00 USD: 51.00 USD would be a prepayment." in answer.text
    assert 'name="confirm_credit" value="15000" >' in answer.text
    answer = await owner.call(f"{path}record-payment/", **form)
    assert (answer.status_code, answer.json()["kind"]) == (409, "refused")
    answer = await owner.send(f"{path}record-payment/", **form | {"amount": "1500", "confirm_credit": "15000"})
    assert answer.status_code == 409, "another amount was confirmed"
    assert "1,401.00 USD would be a prepayment." in answer.text
    assert 'name="confirm_credit" value="150000" >' in answer.text
    answer = await owner.send(f"{path}record-payment/", **form, confirm_credit="true")
    assert answer.status_code == 409, "a form says which amount"
    answer = await owner.send(f"{path}record-payment/", **form, confirm_credit="15000", received_on="soon")
    assert answer.status_code == 400
    assert 'name="confirm_credit" value="15000" checked>' in answer.text
    confirmed = form | {"confirm_credit": "15000", "once": "my payment"}
    for _ in range(2):
        answer = await owner.send(f"{path}record-payment/", **confirmed)
        assert answer.headers["location"] == f"{path}billing/?done=paid#content", "sent again it is answered alike"
    assert "Credit balance: <strong><data" in (await owner.browser.get(f"{path}billing/")).text


async def test_a_payment_is_taken_back(owner: Any) -> None:
    path = f"/owner/company/{(await owner.found('Typing Error Ltd'))['id']}/"
    await owner.call(f"{path}renew/")
    wrong = {"amount": "990.00", "reference": "WRONG", "confirm_credit": "true"}
    payment = (await owner.call(f"{path}record-payment/", **wrong)).json()["payment"]["payment_id"]
    reversal = f"{path}payments/{payment}/reverse/"
    assert reversal in (await owner.browser.get(f"{path}billing/")).text
    page = (await owner.browser.get(reversal)).text
    assert "990.00 USD" in page
    assert "WRONG" in page
    assert (await owner.send(reversal)).status_code == 400, "it needs a reason"
    answer = await owner.send(reversal, reason="a zero too many")
    assert answer.headers["location"] == f"{path}billing/?done=reversed#content"
    page = (await owner.browser.get(answer.headers["location"])).text
    for words in ("Payment reversed.", "Reversed", "-990.00 USD", "99.00 USD</data></strong>."):
        assert words in page
    assert reversal not in page
    assert "This payment has already been reversed" in (await owner.browser.get(reversal)).text
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
    page = (await owner.browser.get(f"{path}billing/")).text
    assert f"{path}renew/" not in page
    assert f"{path}mark-past-due/" in page
    page = (await owner.browser.get(f"{path}renew/")).text
    assert "The subscription renews automatically on " in page
    assert "<form" not in page.split("<main")[1]
