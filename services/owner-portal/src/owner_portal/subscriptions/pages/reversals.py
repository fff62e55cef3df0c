"""Reversing a payment that was recorded by mistake or returned."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import StepUpAction, attempt, done
from owner_portal.directory.pages.answers import update_subscription_copy
from owner_portal.directory.pages.forms import Form, Texts, show
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.pages.payments import RECORDED
from owner_portal.subscriptions.rules.payments import Payment
from owner_portal.web.inputs import ReasonInput, described
from owner_portal.web.portal import Portal, ThePortal
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}/payments/{payment_id:uuid}/reverse")


@router.get("/", **described(answer='{"company"}'))
async def reversal_page(
    request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID, payment_id: UUID
) -> Response:
    """The payment to reverse."""
    return await show(request, portal, company_id, _reversal(payment_id))


@router.post("/", **described(ReasonInput, RECORDED))
async def reverse(requested: StepUpAction, payment_id: UUID) -> Response:
    """Reverses the whole payment with an entry of its own."""

    async def carry_out(action: Action, _fields: ReasonInput) -> Response:
        reversal, subscription, owed = await requested.portal.get(InvoiceClient).reverse_payment(
            requested.company_id, payment_id, action
        )
        await update_subscription_copy(requested.portal, subscription)
        content = {"payment": reversal, "subscription": subscription, "owed": owed}
        return done(requested, "billing/", "reversed", jsonable_encoder(content))

    return await attempt(requested, _reversal(payment_id), carry_out)


def _reversal(payment_id: UUID) -> Form[ReasonInput]:
    async def more(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
        found = await cached_answer(portal.engine, questions.payment(portal, company_id, payment_id))
        if found.value is None and found.fresh:
            raise NotFound("This company has no such payment.")
        return {"found": found, "payment": found.value}

    return Form("subscriptions/reverse_payment.html", ReasonInput, more=more, blocked_reason=_when_reversed)


def _when_reversed(_company: CompanyPage, known: Mapping[str, Any]) -> str:
    payment: Payment | None = known["payment"]
    if payment is not None and payment.reverses:
        return "This entry is a reversal and cannot be reversed. If it was a mistake, record the payment again."
    if payment is not None and payment.is_reversed:
        return "This payment has already been reversed."
    return ""
