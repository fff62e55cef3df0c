"""Saved forms: a form sent after its session has ended is shown again after sign-in, but never sent by itself."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from servicekit.errors import AppError, Forbidden, InvalidInput
from tracking.workspace.pages.forms import is_own_path
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import TheWorkspace, require_same_origin, who_is_signed_in
from tracking.workspace.rules.visitors import SignedIn

router = APIRouter()

ACTION = "held_action"
SECRETS = {"password", "present", "new", "key", "code"}
UNSEEN = {"version", "once"}  # part of the form, without a meaning for people
NOT_HELD = {"csrf_token", ACTION}
NOT_FORMS = {"/login", "/logout", "/setup", "/held", "/forgot", "/reset"}
_LONG = 60  # characters, from which a text gets several lines


async def typed_in(request: Request) -> dict[str, str]:
    """The text fields of a form; empty if it cannot be read."""
    try:
        form = await request.form()
    except Exception:
        return {}
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def hold(request: Request) -> Response | None:
    """The page that saves a form whose session has ended; None if it is empty or from another site."""
    if request.method != "POST" or request.url.path in NOT_FORMS:
        return None
    try:
        require_same_origin(request)
    except Forbidden:
        return None
    typed = await typed_in(request)
    kept = _kept(typed)
    if not any(value.strip() for name, value in kept.items() if name not in UNSEEN):
        return None
    return _signed_out(request.url.path, kept, _secrets(typed))


async def restore(request: Request, action: str, person: SignedIn, status_code: int = 200) -> Response:
    """The form as it was typed, for the session of this person to review and send."""
    return _again(action, await typed_in(request), person, status_code)


@router.post("/held")
async def held(request: Request, workspace: TheWorkspace) -> Response:
    """Shows the form again, for the person who is signed in now. It has no other effect."""
    require_same_origin(request)
    typed = await typed_in(request)
    action = typed.get(ACTION, "")
    if not is_own_path(action) or urlsplit(action).query:
        raise InvalidInput("This form does not belong to the workspace; open its page and fill it in again")
    try:
        visitor = await who_is_signed_in(request, workspace)
    except AppError:
        return _signed_out(action, _kept(typed), _secrets(typed))
    return _again(action, typed, visitor.person, 200)


def _again(action: str, typed: Mapping[str, str], person: SignedIn, status_code: int) -> Response:
    return render(
        "held_again.html",
        status_code=status_code,
        person=person,
        action=action,
        shown=[(name, value, len(value) > _LONG) for name, value in _kept(typed).items() if name not in UNSEEN],
        unseen={name: value for name, value in typed.items() if name in UNSEEN},
        secrets=_secrets(typed),
    )


def _signed_out(action: str, kept: Mapping[str, str], secrets: list[str]) -> Response:
    shown = {name: value for name, value in kept.items() if name not in UNSEEN}
    return render("held.html", status_code=401, action=action, kept=kept, shown=shown, secrets=secrets)


def _kept(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if name not in SECRETS | NOT_HELD}


def _secrets(typed: Mapping[str, str]) -> list[str]:
    """The fields that have to be filled in again: no page contains a typed password."""
    return [name for name in typed if name in SECRETS]
