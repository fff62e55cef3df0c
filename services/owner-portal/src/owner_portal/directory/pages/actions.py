"""What all actions on one company have in common: who asks for it and why, and what follows.

A form that was refused comes back with what was typed and what is wrong beside it. A form is given a key with its page:
sent twice it has one effect.
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
from owner_portal.directory.pages.forms import Form, Texts, page
from owner_portal.text.rules import read_reason
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.requests import Once, Typed, wants_json
from servicekit.errors import AppError, Conflict, InvalidInput, Refused, Unavailable, http_status
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class Asked:
    """An action on a company as the owner asks for it."""

    request: Request
    portal: Portal
    owner: SignedIn
    company_id: UUID
    typed: Texts
    once: str

    def action(self, otherwise: str) -> Action:
        """Who does it, and why."""
        return Action(self.owner.email, read_reason(self.typed) or otherwise, self.once)


async def _asked(
    request: Request, portal: ThePortal, owner: ActingOwner, company_id: UUID, typed: Typed, once: Once
) -> Asked:
    return Asked(request, portal, owner, company_id, typed, once)


AnAction = Annotated[Asked, Depends(_asked)]
"""An action of the owner who is signed in; Forbidden without the session's token."""


async def _surely_asked(
    request: Request, portal: ThePortal, owner: SteppedUpOwner, company_id: UUID, typed: Typed, once: Once
) -> Asked:
    return Asked(request, portal, owner, company_id, typed, once)


ASureAction = Annotated[Asked, Depends(_surely_asked)]
"""The same for what is hard to undo; StepUpRequired unless it was shown a moment ago who the owner is."""


async def attempt(asked: Asked, form: Form, carry_out: Callable[[Action], Awaitable[Response]]) -> Response:
    """Does it when the fields are in order; what goes wrong stands beside them."""
    problems = form.problems(asked.typed)
    try:
        if problems:
            raise InvalidInput(" ".join(f"{name}: {problem}" for name, problem in problems.items()))
        return await carry_out(asked.action(form.otherwise))
    except AppError as error:
        if wants_json(asked.request):
            raise
        return await _refused(asked, form, error, problems)


def done(asked: Asked, where: str, what: str, content: Mapping[str, Any]) -> Response:
    """A browser goes on to a page of the company, which says what was done; a script is told the content."""
    if wants_json(asked.request):
        return JSONResponse(dict(content))
    return RedirectResponse(f"/owner/company/{asked.company_id}/{where}?done={what}#content", 303)


async def _refused(asked: Asked, form: Form, error: AppError, problems: Mapping[str, str]) -> Response:
    message = "" if problems else error.message
    # A call that was not answered may have taken effect: sent again as it is, it has none twice.
    once = asked.once if isinstance(error, Unavailable) else str(new_id())
    if isinstance(error, Conflict) and error.field.endswith("idempotency_key"):
        message = "This form was sent before with other words, and that took effect. Look at the company first."
    if isinstance(error, InvalidInput) and not problems:
        problems, message = _beside(asked.typed, error)
    response = await page(
        asked.request,
        asked.portal,
        asked.company_id,
        form,
        asked.typed,
        once=once,
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
