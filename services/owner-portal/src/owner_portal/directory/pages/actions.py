"""The common part of all actions on one company: actor, reason, idempotency key, and the response.

A refused form is shown again with what was entered and the problems beside the fields. Each form carries an idempotency
key: submitted twice it has one effect.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import ActingOwner, SteppedUpOwner
from owner_portal.access.rules import SignedIn
from owner_portal.clients.actions import Action
from owner_portal.directory.pages.forms import F, Form, Texts, page
from owner_portal.text.rules import read_reason
from owner_portal.web.inputs import check_names, validate
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import IdempotencyKey, Typed, wants_json
from servicekit.errors import AppError, Conflict, InvalidInput, Refused, Unavailable, http_status
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A request for an action on a company."""

    request: Request
    portal: Portal
    owner: SignedIn
    company_id: UUID
    typed: Texts
    idempotency_key: str

    def action(self, otherwise: str) -> Action:
        """The action with its actor and reason."""
        return Action(self.owner.email, read_reason(self.typed) or otherwise, self.idempotency_key)


async def _owner_action(
    request: Request,
    portal: ThePortal,
    owner: ActingOwner,
    company_id: UUID,
    typed: Typed,
    idempotency_key: IdempotencyKey,
) -> ActionRequest:
    return ActionRequest(request, portal, owner, company_id, typed, idempotency_key)


OwnerAction = Annotated[ActionRequest, Depends(_owner_action)]
"""An action of the signed-in owner; Forbidden without the session's form token."""


async def _step_up_action(
    request: Request,
    portal: ThePortal,
    owner: SteppedUpOwner,
    company_id: UUID,
    typed: Typed,
    idempotency_key: IdempotencyKey,
) -> ActionRequest:
    return ActionRequest(request, portal, owner, company_id, typed, idempotency_key)


StepUpAction = Annotated[ActionRequest, Depends(_step_up_action)]
"""The same for a sensitive action; StepUpRequired without a recent step-up."""


async def attempt(
    requested: ActionRequest, form: Form[F], carry_out: Callable[[Action, F], Awaitable[Response]]
) -> Response:
    """Carries the action out if the fields are valid; otherwise shows the problems beside them."""
    problems = form.problems(requested.typed)
    try:
        check_names(requested.request, form.fields, requested.typed)
        if problems:
            raise InvalidInput(" ".join(problems.values()), errors=problems)
        return await carry_out(requested.action(form.otherwise), validate(form.fields, requested.typed))
    except AppError as error:
        if wants_json(requested.request):
            raise
        return await _refused(requested, form, error, problems)


def done(requested: ActionRequest, where: str, what: str, content: Mapping[str, Any]) -> Response:
    """Redirects a browser to a page of the company with a confirmation; a script gets the content."""
    if wants_json(requested.request):
        return JSONResponse(dict(content))
    return RedirectResponse(f"/owner/company/{requested.company_id}/{where}?done={what}#content", 303)


async def _refused(requested: ActionRequest, form: Form[Any], error: AppError, problems: Mapping[str, str]) -> Response:
    message = "" if problems else error.message
    # A call without a response may have taken effect: the same key prevents a second effect.
    idempotency_key = requested.idempotency_key if isinstance(error, Unavailable) else str(new_id())
    if isinstance(error, Conflict) and error.field.endswith("idempotency_key"):
        message = "This form was already submitted with different values. Check the company first."
    if isinstance(error, InvalidInput) and not problems:
        problems, message = _beside(requested.typed, error)
    response = await page(
        requested.request,
        requested.portal,
        requested.company_id,
        form,
        requested.typed,
        idempotency_key=idempotency_key,
        problems=problems,
        message=message,
        status=http_status(error),
        explain=isinstance(error, Refused),
    )
    if error.retry_after is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after))
    return response


def _beside(typed: Texts, error: InvalidInput) -> tuple[dict[str, str], str]:
    """Puts what a service says about a field beside it."""
    name = error.field.rpartition(".")[2]
    return ({name: error.message}, "") if name in typed else ({}, error.message)
