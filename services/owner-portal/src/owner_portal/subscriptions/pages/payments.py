"""Recording payments."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import ActionRequest, OwnerAction, attempt, done
from owner_portal.directory.pages.answers import update_subscription_copy
from owner_portal.directory.pages.forms import Form, Texts, add_page
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.plans.rules.plans import Money
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.pages.lifecycle import when_refused
from owner_portal.subscriptions.rules.payments import latest_today, read_amount, read_day
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, SubscriptionStep
from owner_portal.web.inputs import ReasonInput, described, limited, parsed
from owner_portal.web.portal import Portal
from owner_portal.web.requests import wants_json
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

MAX_REFERENCE = 200
RECORDED = '{"payment", "subscription", "owed"}'


async def _more(portal: Portal, company_id: UUID, typed: Texts) -> dict[str, object]:
    standing = await cached_answer(portal.engine, questions.standing(portal, company_id))
    return {
        "standing": standing,
        "today": latest_today(datetime.now(UTC)),
        "credit": _credit(standing.value, typed),
        "confirmation": _confirmation(typed),
    }


def _credit(standing: CurrentSubscription | None, typed: Texts) -> Money | None:
    """The credit that the entered amount would create; None: none, or unknown."""
    amount = read_amount(typed.get("amount", ""))
    if amount is None or standing is None or amount <= standing.owed.minor_units:
        return None
    return Money(amount - standing.owed.minor_units, standing.owed.currency)


def _confirmation(typed: Texts) -> str:
    """The value with which a form confirms an amount above the balance: the minor units of that amount.

    A corrected amount is therefore not confirmed.
    """
    return str(read_amount(typed.get("amount", "")) or "")


WRONG_AMOUNT = "Enter the amount received with a decimal point, such as 99.50."
WRONG_DAY = "Enter a date that is not in the future, such as 2026-05-03, or leave this empty for today."


def _is_day(typed: str) -> str | None:
    known = not typed.strip() or read_day(typed, latest_today(datetime.now(UTC)))
    return typed if known else None


class PaymentInput(ReasonInput):
    """`amount`: in the currency's main unit, such as 99.50. `received_on`: a date; empty: today.

    `confirm_credit`: "true" if more than is owed is meant, which is a payment in advance.
    """

    amount: Annotated[str, parsed(lambda typed: typed if read_amount(typed) else None, WRONG_AMOUNT)]
    received_on: Annotated[str, parsed(_is_day, WRONG_DAY)] = ""
    reference: Annotated[str, limited(MAX_REFERENCE)] = ""
    confirm_credit: str = ""


RECORD = Form(
    "subscriptions/record_payment.html",
    PaymentInput,
    otherwise="recorded in the owner portal",
    more=_more,
    blocked_reason=when_refused(SubscriptionStep.RECORD_PAYMENT),
)

add_page(router, "record-payment", RECORD)


@router.post("/record-payment/", **described(PaymentInput, RECORDED))
async def record_payment(requested: OwnerAction) -> Response:
    """Records a payment; a payment of the whole balance makes a past-due subscription active again.

    Refused: it exceeds the balance, and `confirm_credit` does not confirm that: "true" from a script, the amount from a
    form.
    """

    async def carry_out(action: Action, fields: PaymentInput) -> Response:
        meant = "true" if wants_json(requested.request) else _confirmation(requested.typed)
        amount = Money(read_amount(fields.amount) or 0, await _currency(requested))
        received_at = read_day(fields.received_on, latest_today(datetime.now(UTC)))
        payment, subscription, owed = await requested.portal.get(InvoiceClient).record_payment(
            requested.company_id,
            amount,
            fields.reference.strip(),
            received_at,
            action,
            only_what_is_owed=fields.confirm_credit != meant,
        )
        await update_subscription_copy(requested.portal, subscription)
        content = {"payment": payment, "subscription": subscription, "owed": owed}
        return done(requested, "billing/", "paid", jsonable_encoder(content))

    return await attempt(requested, RECORD, carry_out)


async def _currency(requested: ActionRequest) -> str:
    currency = (await find_company(requested.portal.engine, company_id=requested.company_id)).currency
    if currency is None:
        raise NotFound("The subscription of this company could not be loaded from billing. Try again shortly.")
    return currency
