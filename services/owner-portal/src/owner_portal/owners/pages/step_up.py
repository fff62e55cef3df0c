"""Step-up authentication that keeps the submitted form."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.owners.pages.guard import STEP_UP_FIELDS, EnteredActor, StepUpRequired, prove
from owner_portal.web.inputs import Input, described, fields_of
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.problems import problem

router = APIRouter()

NOT_HELD = {*STEP_UP_FIELDS, "csrf_token"}


class StepUpInput(Input):
    """`step_up_code`: of the second factor, where there is one."""

    step_up_password: str = ""
    step_up_code: str = ""


@router.post("/owner/step-up/", **described(StepUpInput))
async def step_up(
    request: Request, portal: ThePortal, owner: EnteredActor, fields: Annotated[StepUpInput, fields_of(StepUpInput)]
) -> Response:
    """For scripts, which may confirm in advance. Forbidden: the password or the code is wrong."""
    await prove(portal, owner, fields.model_dump())
    return JSONResponse({}) if wants_json(request) else RedirectResponse("/owner/account/", 303)


def ask_again(request: Request, error: StepUpRequired) -> Response:
    """The page that asks for the password and submits the kept form to the same address again."""
    if wants_json(request):
        return problem(403, "step_up_required", error.message)
    tried = any(error.fields.get(name) for name in STEP_UP_FIELDS)
    return render(
        request,
        "owners/step_up.html",
        403,
        action=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        held={name: value for name, value in error.fields.items() if name not in NOT_HELD},
        problem=error.message if tried else "",
    )
