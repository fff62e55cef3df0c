"""The owner actions on one company, from all trails."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import SignedInOwner
from owner_portal.audit.pages import entries_of
from owner_portal.audit.rules.filter import AuditFilter
from owner_portal.audit.use_cases.log import show_audit_log
from owner_portal.directory.pages.answers import company_json
from owner_portal.directory.use_cases import find_company
from owner_portal.web.inputs import described
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json

router = APIRouter(prefix="/owner/company/{company_id:uuid}")


@router.get(
    "/audit/",
    **described(answer='{"company", "entries", "older"}', query={"before": "the position of the next page"}),
)
async def audit_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """One page of the company's audit trail, newest first; `?before=` selects the page."""
    company = await find_company(portal.engine, company_id=company_id)
    view = AuditFilter(company=str(company_id), before=AuditFilter.read(request.query_params).before)
    log = await show_audit_log(portal.engine, view=view, trails=entries_of(portal))
    following = log.page.following
    older = replace(view.at(following), company="").url(request.url.path) if following is not None else ""
    if wants_json(request):
        entries = jsonable_encoder(log.page.entries)
        return JSONResponse({"company": company_json(company), "entries": entries, "older": older})
    return render(request, "companies/audit.html", company=company, log=log, view=view, older=older, done="")
