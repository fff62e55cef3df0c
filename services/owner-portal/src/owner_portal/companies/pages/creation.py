"""Creating a company. Only the response to the form contains its key; for 24 hours a repetition gets it again."""

import math
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from starlette.responses import JSONResponse, Response

from owner_portal.access.pages import ActingOwner, SignedInOwner
from owner_portal.clients.actions import Action
from owner_portal.companies.client import CompanyClient
from owner_portal.companies.rules.drafts import CompanyDraft
from owner_portal.directory.pages.answers import company_json, update_company_copy
from owner_portal.directory.rules import Company
from owner_portal.freshness.rules import CachedAnswer
from owner_portal.freshness.use_cases import cached_answer
from owner_portal.plans.client import PlanClient
from owner_portal.plans.rules.plans import Plan
from owner_portal.plans.use_cases import plans_on_offer
from owner_portal.web.inputs import Input, check_names, described
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import IdempotencyKey, Typed, wants_json
from servicekit.errors import AppError, Conflict, InvalidInput, Unavailable, http_status
from servicekit.ids import new_id
from text_rules.zones import time_zones

router = APIRouter()

Plans = CachedAnswer[list[Plan]]


@router.get("/owner/company/create/", **described(answer='{"plans"}'))
async def creation_page(request: Request, portal: ThePortal, _owner: SignedInOwner) -> Response:
    """The form, or the plans for a script. Unavailable: the plans are unknown."""
    plans = await _plans(portal)
    if plans.value is None:
        raise Unavailable(plans.problem, retry_after=1)
    if wants_json(request):
        return JSONResponse({"plans": jsonable_encoder(plans)})
    return _form(request, CompanyDraft.read({}), plans, idempotency_key=str(new_id()))


class CompanyInput(Input):
    """The company to create; `plan_code` is the plan of its trial, `time_zone` is UTC if it is left out."""

    name: str
    email: str
    plan_code: str
    contact_person: str = ""
    phone: str = ""
    address: str = ""
    time_zone: str = "UTC"


@router.post("/owner/company/create/", **described(CompanyInput, '{"company", "key"}', status=201))
async def create(
    request: Request, portal: ThePortal, owner: ActingOwner, typed: Typed, idempotency_key: IdempotencyKey
) -> Response:
    """Creates the company. Errors are shown beside the form, which keeps its values."""
    check_names(request, CompanyInput, typed)
    draft = CompanyDraft.read(typed)
    plans = await _plans(portal)
    problems = _problems(draft, plans)
    try:
        company, key = await _create(portal, draft, plans, problems, Action(owner.email, _REASON, idempotency_key))
    except AppError as error:
        if wants_json(request):
            raise
        return _again(request, draft, plans, problems, error, idempotency_key)
    await update_company_copy(portal, company)
    if wants_json(request):
        return JSONResponse({"company": company_json(company), "key": key}, 201)
    return render(request, "companies/key.html", 201, company=company, key=key, is_new=True)


_REASON = "created in the owner portal"


async def _plans(portal: Portal) -> Plans:
    return await cached_answer(portal.engine, plans_on_offer(portal.get(PlanClient)))


def _problems(draft: CompanyDraft, plans: Plans) -> dict[str, str]:
    problems = draft.problems()
    if not draft.plan_code:
        problems["plan_code"] = "Choose a plan."
    elif plans.value is not None and draft.plan_code not in {plan.code for plan in plans.value}:
        problems["plan_code"] = "Choose one of the listed plans."
    return problems


async def _create(
    portal: Portal, draft: CompanyDraft, plans: Plans, problems: Mapping[str, str], action: Action
) -> tuple[Company, str]:
    if problems:
        raise InvalidInput(" ".join(problems.values()), errors=problems)
    if plans.value is None:
        raise Unavailable(plans.problem, retry_after=1)
    return await portal.get(CompanyClient).create(draft, action)


def _again(
    request: Request,
    draft: CompanyDraft,
    plans: Plans,
    problems: Mapping[str, str],
    error: AppError,
    idempotency_key: str,
) -> Response:
    message = "" if problems else error.message
    if isinstance(error, Conflict):
        problems, message = {"name": message}, ""
    # A lost response may have been a success: the same key creates no second company.
    idempotency_key = idempotency_key if isinstance(error, Unavailable) else str(new_id())
    response = _form(request, draft, plans, idempotency_key, problems, message, http_status(error))
    if error.retry_after is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after))
    return response


def _form(
    request: Request,
    draft: CompanyDraft,
    plans: Plans,
    idempotency_key: str,
    problems: Mapping[str, str] | None = None,
    message: str = "",
    status: int = 200,
) -> Response:
    return render(
        request,
        "companies/create.html",
        status,
        draft=draft,
        plans=plans,
        idempotency_key=idempotency_key,
        problems=problems or {},
        message=message,
        zones=time_zones(),
    )
