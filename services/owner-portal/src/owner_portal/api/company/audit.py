"""What owners did to one company, as all trails tell it."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.api.access import SignedInOwner
from owner_portal.api.answers import company_json
from owner_portal.api.pages import render
from owner_portal.api.portal import ThePortal
from owner_portal.api.requests import wants_json
from owner_portal.api.trails import entries_of
from owner_portal.application.audit.show_audit_log import show_audit_log
from owner_portal.application.find_company import find_company
from owner_portal.domain.audit_filter import AuditFilter

router = APIRouter(prefix="/owner/company/{company_id:uuid}")


@router.get("/audit/")
async def audit_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """One page of the company's trail, the newest first; `?before=` turns the pages."""
    company = await find_company(portal.engine, company_id=company_id)
    view = AuditFilter(company=str(company_id), before=AuditFilter.read(request.query_params).before)
    log = await show_audit_log(portal.engine, view=view, trails=entries_of(portal))
    following = log.page.following
    older = replace(view.at(following), company="").url(request.url.path) if following is not None else ""
    if wants_json(request):
        entries = jsonable_encoder(log.page.entries)
        return JSONResponse({"company": company_json(company), "entries": entries, "older": older})
    return render(request, "company/audit.html", company=company, log=log, view=view, older=older, done="")
