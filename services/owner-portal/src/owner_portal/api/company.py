"""One company's page, and what the owner can do to it there."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.api import charts
from owner_portal.api.access import ActingOwner, SignedInOwner
from owner_portal.api.answers import company_json, remember
from owner_portal.api.cells import state_cells
from owner_portal.api.pages import render
from owner_portal.api.portal import Portal, ThePortal
from owner_portal.api.requests import Fields, Once, wants_json
from owner_portal.application.show_company import show_company
from owner_portal.domain.companies import Company
from owner_portal.domain.drafts import reason_problem
from servicekit.errors import HTTP_STATUS, AppError, Conflict, InvalidInput, NotFound

router = APIRouter(prefix="/owner/company/{company_id:uuid}")

DONE = {
    "suspended": "Suspended. Trackers and people of this company are refused from now on.",
    "reactivated": "Reactivated. Trackers and people of this company are let in again.",
}


@router.get("/")
async def company_page(request: Request, portal: ThePortal, _owner: SignedInOwner, company_id: UUID) -> Response:
    """Everything that is known of one company."""
    return await _page(request, portal, company_id)


@router.post("/suspend/")
async def suspend(
    request: Request, portal: ThePortal, owner: ActingOwner, company_id: UUID, fields: Fields, once: Once
) -> Response:
    """Every call of the company is refused from now on; asks for a reason."""
    try:
        reason = _reason(fields)
        company = await portal.tenancy.suspend(company_id, actor=owner.email, reason=reason, once=once)
    except AppError as error:
        return await _refused(
            request, portal, company_id, action="suspend", error=error, reason=fields.get("reason", "")
        )
    return await _done(request, portal, company, "suspended")


@router.post("/reactivate/")
async def reactivate(
    request: Request, portal: ThePortal, owner: ActingOwner, company_id: UUID, fields: Fields, once: Once
) -> Response:
    """Ends a suspension."""
    try:
        reason = _reason(fields, otherwise="reactivated in the owner portal")
        company = await portal.tenancy.reactivate(company_id, actor=owner.email, reason=reason, once=once)
    except AppError as error:
        return await _refused(
            request, portal, company_id, action="reactivate", error=error, reason=fields.get("reason", "")
        )
    return await _done(request, portal, company, "reactivated")


@router.post("/rotate-key/")
async def rotate_key(
    request: Request, portal: ThePortal, owner: ActingOwner, company_id: UUID, fields: Fields, once: Once
) -> Response:
    """Replaces the key. The new one is in this answer alone; repeating the same form by accident is a conflict."""
    try:
        reason = _reason(fields, otherwise="rotated in the owner portal")
        await _check_hint(portal, company_id, fields)
        company, key = await portal.tenancy.rotate_key(company_id, actor=owner.email, reason=reason, once=once)
    except AppError as error:
        return await _refused(
            request, portal, company_id, action="rotate-key", error=error, reason=fields.get("reason", "")
        )
    await remember(portal, company)
    if wants_json(request):
        return JSONResponse({"company": company_json(company), "key": key})
    return render(request, "key.html", company=company, key=key, is_new=False)


def _reason(fields: Fields, otherwise: str = "") -> str:
    reason = fields.get("reason", "").strip() or otherwise
    problem = reason_problem(reason)
    if problem:
        raise InvalidInput(problem)
    return reason


async def _check_hint(portal: Portal, company_id: UUID, fields: Fields) -> None:
    if "key_hint" in fields:
        known = (await show_company(portal.engine, company_id=company_id)).company.key_hint
        if known != fields["key_hint"]:
            raise Conflict(f"The key has been replaced already; the present one ends in {known}.")


async def _done(request: Request, portal: Portal, company: Company, done: str) -> Response:
    await remember(portal, company)
    if wants_json(request):
        return JSONResponse({"company": company_json(company)})
    return RedirectResponse(f"/owner/company/{company.company_id}/?done={done}#content", 303)  # not where the form was


async def _refused(
    request: Request, portal: Portal, company_id: UUID, *, action: str, error: AppError, reason: str
) -> Response:
    if wants_json(request) or isinstance(error, NotFound):
        raise error
    return await _page(request, portal, company_id, action=action, error=error, reason=reason)


async def _page(
    request: Request,
    portal: Portal,
    company_id: UUID,
    *,
    action: str = "",
    error: AppError | None = None,
    reason: str = "",
) -> Response:
    """`action` and `error`: which form was refused and why; what was typed there stays."""
    view = await show_company(portal.engine, company_id=company_id)
    return render(
        request,
        "company.html",
        HTTP_STATUS[type(error)] if error else 200,
        view=view,
        company=view.company,
        cells=state_cells(view.company),
        chart=charts.usage_chart(view.days),
        gaps=view.gaps,
        done=DONE.get(request.query_params.get("done", "")),
        problems={action: error.message} if error else {},
        reason=reason,
    )
