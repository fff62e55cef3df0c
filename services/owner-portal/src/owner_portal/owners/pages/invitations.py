"""What somebody who was invited sees: a page to choose a password on. Nobody is signed in here yet."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.rules import csrf_token
from owner_portal.owners.pages.cookies import replace_session
from owner_portal.owners.pages.guard import TheCaller
from owner_portal.owners.rules.accounts import check_repeated
from owner_portal.owners.use_cases.invitations import accept_invitation, read_invitation
from owner_portal.web.portal import ThePortal
from owner_portal.web.rendering import render
from owner_portal.web.requests import Fields, check_origin, wants_json
from servicekit.errors import InvalidInput

router = APIRouter()


@router.get("/owner/invitation/")
async def invitation_page(request: Request, portal: ThePortal, token: Annotated[str, Query()] = "") -> Response:
    """The form; looking at it does not use the invitation up."""
    invitation = await read_invitation(portal.engine, token=token)
    if wants_json(request):
        return JSONResponse({"email": invitation.email, "expires_at": invitation.expires_at.isoformat()})
    return render(request, "owners/invitation.html", invitation=invitation, token=token, problem="")


@router.post("/owner/invitation/")
async def accept(request: Request, portal: ThePortal, caller: TheCaller, fields: Fields) -> Response:
    """Makes the account and signs it in. The link's token is what is asked for: there is no session yet."""
    check_origin(request)
    token, password = fields.get("token", ""), fields.get("password", "")
    try:
        check_repeated(password, fields.get("password_again"))
        session = await accept_invitation(portal.engine, token=token, password=password, caller=caller)
    except InvalidInput as error:
        if wants_json(request):
            raise
        invitation = await read_invitation(portal.engine, token=token)
        return render(request, "owners/invitation.html", 400, invitation=invitation, token=token, problem=error.message)
    if wants_json(request):
        return await replace_session(request, JSONResponse({"csrf_token": csrf_token(session)}, 201), portal, session)
    return await replace_session(request, RedirectResponse("/owner/dashboard/", 303), portal, session)
