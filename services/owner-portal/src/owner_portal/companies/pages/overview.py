"""One company's page: who it is, what it has bought, what it uses, and the ways to everything the owner can do."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.companies.pages import charts as company_charts
from owner_portal.companies.pages import questions
from owner_portal.companies.rules.keys import devices_on_old
from owner_portal.companies.use_cases.show_company import show_company
from owner_portal.dashboard.pages.cells import state_cells
from owner_portal.directory.pages.answers import company_json
from owner_portal.freshness.use_cases.with_memory import with_memories
from owner_portal.owners.pages.access import SignedInOwner
from owner_portal.web.exports import csv_response, separator_of
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

DONE = {
    "suspended": "Suspended. Trackers and people of this company are refused from now on.",
    "reactivated": "Reactivated. Trackers and people of this company are let in again.",
    "closed": "Closed. Its keys have ended, and nothing of it can be changed any more.",
    "edited": "The changes are saved.",
    "logo-changed": "The logo is changed.",
    "policy-changed": "The tracking policy is changed. Trackers take it with their next call.",
    "plan-changed": "The plan is changed.",
    "plan-scheduled": "The change of plan is scheduled for the end of the period.",
    "change-withdrawn": "The scheduled change is withdrawn.",
}


@router.get("/usage.csv")
async def usage_csv(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """The numbers behind the charts, one row for each day with any."""
    view = await show_company(portal.engine, company_id=company_id)
    return csv_response(
        f"usage-{company_id}.csv", company_charts.HEADER, company_charts.rows(view.days), separator_of(request)
    )


@router.get("/")
async def company_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """Everything that is known of one company: the read model's part, and four questions to tenancy and billing."""
    view = await show_company(portal.engine, company_id=company_id)
    keys, policy, history, scheduled = await with_memories(
        portal.engine,
        questions.keys(portal, company_id),
        questions.policy(portal, company_id),
        questions.history(portal, company_id),
        questions.scheduled(portal, company_id),
    )
    company = view.company
    if wants_json(request):
        parts = {"keys": keys, "policy": policy, "history": history, "scheduled": scheduled}
        days = [day._asdict() for day in view.days]
        known = {"status": company.status, "last_sync_at": company.last_sync_at, "days": days, **parts}
        return JSONResponse({"company": company_json(company), **jsonable_encoder(known)})
    return render(
        request,
        "companies/overview.html",
        view=view,
        company=company,
        cells=state_cells(company),
        charts=company_charts.charts(view.days, company.storage_limit),
        gaps=view.gaps,
        keys=keys,
        on_old=devices_on_old(keys.value or ()),
        policy=policy,
        history=history,
        scheduled=scheduled,
        done=DONE.get(request.query_params.get("done", "")),
    )
