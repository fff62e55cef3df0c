"""Taking back a payment that was recorded by mistake, or whose money went back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.actions import ASureAction, attempt, done
from owner_portal.directory.pages.answers import remember_subscription
from owner_portal.directory.pages.forms import Form, Texts, show
from owner_portal.directory.rules import CompanyPage
from owner_portal.freshness.use_cases import with_memory
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.rules.payments import Payment
from owner_portal.web.portal import Portal, ThePortal
from servicekit.errors import NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}/payments/{payment_id:uuid}/reverse")


@router.get("/")
async def reversal_page(
    request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID, payment_id: UUID
) -> Response:
    """What was recorded and would count no more."""
    return await show(request, portal, company_id, _reversal(payment_id))


@router.post("/")
async def reverse(asked: ASureAction, payment_id: UUID) -> Response:
    """Takes the payment back, whole, by an entry of its own."""

    async def carry_out(action: Action) -> Response:
        reversal, subscription, owed = await asked.portal.get(InvoiceClient).reverse_payment(
            asked.company_id, payment_id, action
        )
        await remember_subscription(asked.portal, subscription)
        content = {"payment": reversal, "subscription": subscription, "owed": owed}
        return done(asked, "billing/", "reversed", jsonable_encoder(content))

    return await attempt(asked, _reversal(payment_id), carry_out)


def _reversal(payment_id: UUID) -> Form:
    async def more(portal: Portal, company_id: UUID, _typed: Texts) -> dict[str, object]:
        found = await with_memory(portal.engine, questions.payment(portal, company_id, payment_id))
        if found.value is None and found.fresh:
            raise NotFound("This company has no such payment.")
        return {"found": found, "payment": found.value}

    return Form("subscriptions/reverse_payment.html", more=more, hindrance=_when_reversed)


def _when_reversed(_company: CompanyPage, known: Mapping[str, Any]) -> str:
    payment: Payment | None = known["payment"]
    if payment is not None and payment.reverses:
        return "This entry takes a payment back, and stays. If that was a mistake, record the payment again."
    if payment is not None and payment.is_reversed:
        return "This payment was taken back before: it counts no more."
    return ""
