"""What an invited person sees: a page to choose a password on. Nobody is signed in here.

The link carries its token behind `#`, which browsers send to no server: a script puts it into the form, and the form
posts it, so that no log of a proxy holds it.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.rules import csrf_token
from owner_portal.owners.pages.cookies import replace_session
from owner_portal.owners.pages.guard import TheCaller
from owner_portal.owners.rules.accounts import check_repeated
from owner_portal.owners.use_cases.invitations import accept_invitation, read_invitation
from owner_portal.web.inputs import Input, described, fields_of
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import check_origin, wants_json
from servicekit.errors import InvalidInput

router = APIRouter()


@router.get("/owner/invitation/", include_in_schema=False)
async def invitation_page(request: Request) -> Response:
    """The form for the token; the page's script fills it in from the link and submits it."""
    return render(request, "owners/invitation.html", invitation=None, token="", problem="")


class InvitationInput(Input):
    """`token`: from the link. With a password the account is created; without, the invitation is shown."""

    token: str = ""
    password: str | None = None
    password_again: str | None = None


@router.post(
    "/owner/invitation/",
    **described(InvitationInput, '{"email", "expires_at"}; with a password 201, {"csrf_token"} and the session cookie'),
)
async def accept(
    request: Request,
    portal: ThePortal,
    caller: TheCaller,
    fields: Annotated[InvitationInput, fields_of(InvitationInput, exact=True)],
) -> Response:
    """With a token alone shows the invitation, which does not use it up; with a password creates the account.

    The token is the proof: there is no session yet.
    """
    check_origin(request)
    token, password = fields.token, fields.password
    if password is None:
        return await _show(request, portal, token)
    try:
        check_repeated(password, fields.password_again)
        session = await accept_invitation(portal.engine, token=token, password=password, caller=caller)
    except InvalidInput as error:
        if wants_json(request):
            raise
        return await _show(request, portal, token, problem=error.message)
    if wants_json(request):
        return await replace_session(request, JSONResponse({"csrf_token": csrf_token(session)}, 201), portal, session)
    return await replace_session(request, RedirectResponse("/owner/dashboard/", 303), portal, session)


async def _show(request: Request, portal: Portal, token: str, problem: str = "") -> Response:
    invitation = await read_invitation(portal.engine, token=token)
    if wants_json(request):
        return JSONResponse({"email": invitation.email, "expires_at": invitation.expires_at.isoformat()})
    shown = {"invitation": invitation, "token": token, "problem": problem}
    return render(request, "owners/invitation.html", 400 if problem else 200, **shown)
