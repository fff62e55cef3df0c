"""Creating a company. Its key is shown once, in the answer to the form itself, and kept nowhere."""

from collections.abc import Mapping, Sequence
from zoneinfo import available_timezones

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from owner_portal.api.access import ActingOwner, SignedInOwner
from owner_portal.api.answers import company_json, remember
from owner_portal.api.pages import render
from owner_portal.api.portal import Portal, ThePortal
from owner_portal.api.requests import Fields, Once, wants_json
from owner_portal.domain.companies import Company, Plan
from owner_portal.domain.drafts import CompanyDraft
from owner_portal.domain.owners import SignedIn
from servicekit.errors import HTTP_STATUS, AppError, Conflict, InvalidInput

router = APIRouter()


@router.get("/owner/company/create/")
async def creation_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """The form; Unavailable while billing cannot say which plans there are."""
    return _form(request, CompanyDraft.read({}), await portal.billing.list_plans())


@router.post("/owner/company/create/")
async def create(request: Request, portal: ThePortal, owner: ActingOwner, fields: Fields, once: Once) -> Response:
    """Creates it. What goes wrong stands beside the form, which keeps what was typed."""
    draft = CompanyDraft.read(fields)
    plans: Sequence[Plan] = ()
    try:
        plans = await portal.billing.list_plans()
        company, key = await _create(portal, draft, plans, owner, once)
    except AppError as error:
        if wants_json(request):
            raise
        return _form(request, draft, plans, error)
    await remember(portal, company)
    if wants_json(request):
        return JSONResponse({"company": company_json(company), "key": key}, 201)
    return render(request, "key.html", 201, company=company, key=key, is_new=True)


async def _create(
    portal: Portal, draft: CompanyDraft, plans: Sequence[Plan], owner: SignedIn, once: str
) -> tuple[Company, str]:
    problems = draft.problems()
    if draft.plan_code and draft.plan_code not in {plan.code for plan in plans}:
        problems["plan_code"] = "Choose one of the plans on offer."
    if problems:
        raise InvalidInput(" ".join(f"{name}: {problem}" for name, problem in problems.items()))
    return await portal.tenancy.create(draft, actor=owner.email, once=once)


def _form(request: Request, draft: CompanyDraft, plans: Sequence[Plan], error: AppError | None = None) -> Response:
    problems: Mapping[str, str] = draft.problems() if error else {}
    message = error.message if error else None
    if isinstance(error, Conflict):
        problems, message = {"name": error.message}, None
    return render(
        request,
        "create.html",
        HTTP_STATUS[type(error)] if error else 200,
        draft=draft,
        plans=plans,
        problems=problems,
        message=None if problems else message,
        zones=sorted(available_timezones()),
    )
