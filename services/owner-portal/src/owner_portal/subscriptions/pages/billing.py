"""The billing page of a company: subscription, charges, payments."""

from collections.abc import Collection
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.rules import CompanyPage
from owner_portal.directory.use_cases import find_company
from owner_portal.freshness.rules import CachedAnswer
from owner_portal.freshness.use_cases import cached_answers
from owner_portal.subscriptions.pages import questions
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, SubscriptionStep
from owner_portal.web.inputs import described
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.ids import parse_id

router = APIRouter(prefix="/owner/company/{company_id:uuid}/billing")

DONE = {
    "renewed": "Renewed. The new month has been charged.",
    "resumed": "The subscription is active again. Nothing was charged.",
    "extended": "Extended. The free days were added at the end of the period.",
    "cancelled": "Subscription cancelled.",
    "past-due": "Marked as past due. It is not renewed until a payment is recorded.",
    "paid": "Payment recorded.",
    "reversed": "Payment reversed. The amount is due again.",
}


@router.get(
    "/",
    **described(
        answer='{"company", "standing", "scheduled", "lines", "payments"}',
        query={"lines": "the position of the next charges", "payments": "the position of the next payments"},
    ),
)
async def billing_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """Subscription, scheduled changes, charges and payments; `?lines=` and `?payments=` select the pages."""
    company = await find_company(portal.engine, company_id=company_id)
    before = {name: _position(request, name) for name in ("lines", "payments")}
    standing, scheduled, lines, payments = await cached_answers(
        portal.engine,
        questions.standing(portal, company_id),
        questions.scheduled(portal, company_id, settled=True),
        questions.lines(portal, company_id, before["lines"]),
        questions.payments(portal, company_id, before["payments"]),
    )
    if wants_json(request):
        parts = {"standing": standing, "scheduled": scheduled, "lines": lines, "payments": payments}
        return JSONResponse({"company": company_json(company), **jsonable_encoder(parts)})
    return render(
        request,
        "subscriptions/billing.html",
        company=company,
        standing=standing,
        scheduled=scheduled,
        lines=lines,
        payments=payments,
        page=questions.PAGE,
        before=before,
        refusals=_refusals(company, standing),
        done=DONE.get(request.query_params.get("done", "")),
    )


def _refusals(company: CompanyPage, standing: CachedAnswer[CurrentSubscription | None]) -> Collection[str]:
    """The steps that are not offered: those that billing refuses, and those that a closed company blocks."""
    known = set(standing.value.refusals) if standing.value and standing.fresh else set[str]()
    return (
        known | set(SubscriptionStep) - {SubscriptionStep.RECORD_PAYMENT, SubscriptionStep.CANCEL}
        if company.is_closed
        else known
    )


def _position(request: Request, name: str) -> str:
    """The last row of the previous page; empty: the newest page. InvalidInput: it is not an id."""
    given = request.query_params.get(name, "")
    return str(parse_id(given, name)) if given else ""
