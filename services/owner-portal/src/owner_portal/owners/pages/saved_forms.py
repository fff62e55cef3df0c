"""Saved forms: what an owner entered survives the session, is shown again after the sign-in, and is never submitted
automatically."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from owner_portal.owners.pages.cookies import cookie_name
from owner_portal.owners.use_cases.sign_in import authenticate
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import Typed, came_from_here, readable, safe_next, wants_json
from servicekit.errors import Forbidden, InvalidInput, NotAuthenticated

router = APIRouter()

ACTION = "held_action"
SECRETS = {
    "password",
    "password_again",
    "present_password",
    "new_password",
    "new_password_again",
    "code",
    "step_up_password",
    "step_up_code",
}
UNSEEN = {"once", "seen", "version", "view", "alerts"}
NOT_HELD = {"csrf_token", ACTION}
NOT_FORMS = ("/owner/login/", "/owner/logout/", "/owner/invitation/", "/owner/held/")


async def save_form(request: Request, status: int = 401) -> Response | None:
    """The page that keeps a form whose session has ended; None: nothing to keep, or it came from another site."""
    if request.method != "POST" or wants_json(request) or request.url.path.startswith(NOT_FORMS):
        return None
    if not came_from_here(request):
        return None
    form = await request.form()
    typed = {name: readable(value) for name, value in form.items() if isinstance(value, str)}
    if not any(value.strip() for name, value in typed.items() if name not in SECRETS | UNSEEN | NOT_HELD):
        return None
    return _page(request, request.url.path, typed, status)


@router.post("/owner/held/", include_in_schema=False)
async def held(request: Request, portal: ThePortal, typed: Typed) -> Response:
    """Changes nothing: shows the form again for the owner who is signed in now."""
    if not came_from_here(request):
        raise Forbidden("This request comes from another site. Submit it in the portal.")
    action = typed.get(ACTION, "")
    if safe_next(action) != action or "?" in action:
        raise InvalidInput("This form does not belong to the portal. Open the page again and fill it in.")
    try:
        token = request.cookies.get(cookie_name(portal), "")
        request.state.owner = await authenticate(portal.engine, token=token, touch=True)
    except NotAuthenticated:
        return _page(request, action, typed, 401)
    return _page(request, action, typed, 200)


def _page(request: Request, action: str, typed: Mapping[str, str], status: int) -> Response:
    kept = {name: value for name, value in typed.items() if name not in SECRETS | NOT_HELD}
    return render(
        request,
        "owners/saved_form.html",
        status,
        action=action,
        kept=kept,
        shown={name: value for name, value in kept.items() if name not in UNSEEN},
        unseen={name: value for name, value in kept.items() if name in UNSEEN},
        secrets=[name for name in typed if name in SECRETS],
    )
