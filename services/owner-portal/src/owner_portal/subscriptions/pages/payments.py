"""Recording money that a company has paid."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import AnAction, Asked, attempt, done
from owner_portal.directory.pages.answers import remember_subscription
from owner_portal.directory.pages.forms import Form, Texts, add_page
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import with_memory
from owner_portal.plans.rules.plans import Money
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.pages.lifecycle import when_refused
from owner_portal.subscriptions.rules.payments import latest_today, read_amount, read_day
from owner_portal.subscriptions.rules.subscriptions import Standing, Step
from owner_portal.text.rules import text_problem
from owner_portal.web.portal import Portal
from owner_portal.web.requests import wants_json
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

LONGEST_REFERENCE = 200


async def _more(portal: Portal, company_id: UUID, typed: Texts) -> dict[str, object]:
    standing = await with_memory(portal.engine, questions.standing(portal, company_id))
    return {
        "standing": standing,
        "today": latest_today(datetime.now(UTC)),
        "credit": _credit(standing.value, typed),
        "confirmation": _confirmation(typed),
    }


def _credit(standing: Standing | None, typed: Texts) -> Money | None:
    """What would be paid in advance by the amount that was typed; None: nothing, or nobody knows."""
    amount = read_amount(typed.get("amount", ""))
    if amount is None or standing is None or amount <= standing.owed.minor_units:
        return None
    return Money(amount - standing.owed.minor_units, standing.owed.currency)


def _confirmation(typed: Texts) -> str:
    """What a form says when its amount is meant, though it is more than is owed: the minor units of that amount alone.

    So an amount that is corrected afterwards is not confirmed.
    """
    return str(read_amount(typed.get("amount", "")) or "")


def _check_payment(typed: Texts) -> dict[str, str]:
    problems = {}
    if read_amount(typed.get("amount", "")) is None:
        problems["amount"] = "Enter what has arrived, with a point before the cents, such as 99.50."
    if typed.get("received_on", "").strip() and read_day(typed["received_on"], latest_today(datetime.now(UTC))) is None:
        problems["received_on"] = "Enter a day that is not ahead, such as 2026-05-03, or nothing for today."
    reference = text_problem(typed.get("reference", ""), LONGEST_REFERENCE)
    return problems | ({"reference": reference} if reference else {})


RECORD = Form(
    "subscriptions/record_payment.html",
    otherwise="recorded in the owner portal",
    check=_check_payment,
    more=_more,
    hindrance=when_refused(Step.RECORD_PAYMENT),
)

add_page(router, "record-payment", RECORD)


@router.post("/record-payment/")
async def record_payment(asked: AnAction) -> Response:
    """Notes money that has arrived; one that settles what is owed makes a subscription past due active again.

    Refused: it is more than is owed, and `confirm_credit` does not say that it is meant: a script by "true", a form by
    the amount.
    """

    async def carry_out(action: Action) -> Response:
        typed = asked.typed
        meant = "true" if wants_json(asked.request) else _confirmation(typed)
        amount = Money(read_amount(typed["amount"]) or 0, await _currency(asked))
        received_at = read_day(typed.get("received_on", ""), latest_today(datetime.now(UTC)))
        payment, subscription, owed = await asked.portal.get(InvoiceClient).record_payment(
            asked.company_id,
            amount,
            typed.get("reference", "").strip(),
            received_at,
            action,
            only_what_is_owed=typed.get("confirm_credit") != meant,
        )
        await remember_subscription(asked.portal, subscription)
        content = {"payment": payment, "subscription": subscription, "owed": owed}
        return done(asked, "billing/", "paid", jsonable_encoder(content))

    return await attempt(asked, RECORD, carry_out)


async def _currency(asked: Asked) -> str:
    currency = (await find_company(asked.portal.engine, company_id=asked.company_id)).currency
    if currency is None:
        raise NotFound("Billing has not told of a subscription of this company yet. Try again in a little while.")
    return currency
