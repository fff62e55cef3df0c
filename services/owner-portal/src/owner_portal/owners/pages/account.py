"""The account page: password and sessions. Also available before a required second factor is set up."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.pages import EnteredOwner
from owner_portal.access.rules import SignedIn, csrf_token
from owner_portal.owners.pages.cookies import know_browser, set_session
from owner_portal.owners.pages.guard import EnteredActor, Security, TheCaller
from owner_portal.owners.rules.accounts import Session, check_repeated
from owner_portal.owners.use_cases.accounts import show_account
from owner_portal.owners.use_cases.passwords import change_password
from owner_portal.owners.use_cases.sessions import revoke_other_sessions, revoke_session
from owner_portal.web.inputs import Input, NoFields, described, fields_of
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render, says_when
from owner_portal.web.requests import wants_json
from servicekit.errors import InvalidInput, RateLimited, http_status
from servicekit.ids import new_id

router = APIRouter(prefix="/owner/account")

DONE = {
    "password": "Password changed. You have been signed out everywhere else.",
    "session": "Session ended.",
    "sessions": "All other sessions ended.",
    "removed": "Second factor removed. You now sign in with your password alone.",
}


@router.get(
    "/", **described(answer='{"email", "has_second_factor", "second_factor_required", "recovery_codes", "sessions"}')
)
async def account_page(request: Request, portal: ThePortal, owner: EnteredOwner) -> Response:
    """The account page."""
    if wants_json(request):
        account = await show_account(portal.engine, owner_id=owner.owner_id)
        return JSONResponse(
            {
                "email": owner.email,
                "has_second_factor": owner.has_second_factor,
                "second_factor_required": portal.get(Security).totp_required,
                "recovery_codes": account.recovery_codes,
                "sessions": [_session_json(session, owner) for session in account.sessions],
            }
        )
    return await show(request, portal, owner)


class PasswordInput(Input):
    """`new_password_again`: as a browser's form asks for it."""

    present_password: str = ""
    new_password: str = ""
    new_password_again: str | None = None


@router.post("/password/", **described(PasswordInput, '{"csrf_token"} and a new session cookie'))
async def password(
    request: Request,
    portal: ThePortal,
    owner: EnteredActor,
    caller: TheCaller,
    fields: Annotated[PasswordInput, fields_of(PasswordInput, exact=True)],
) -> Response:
    """Changes the password and ends all sessions; this browser gets a new one."""
    new = fields.new_password
    try:
        check_repeated(new, fields.new_password_again)
        session = await change_password(
            portal.engine, signed_in=owner, present=fields.present_password, new=new, caller=caller
        )
    except (InvalidInput, RateLimited) as error:
        if wants_json(request):
            raise
        problems = {"password": error.message}
        return says_when(await show(request, portal, owner, status=http_status(error), problems=problems), error)
    if wants_json(request):
        answer: Response = JSONResponse({"csrf_token": csrf_token(session)})
    else:
        answer = _back("password")
    return know_browser(request, set_session(answer, portal, session), portal)


@router.post("/sessions/{session_id:uuid}/revoke/", **described(Input))
async def revoke(
    request: Request, portal: ThePortal, owner: EnteredActor, session_id: UUID, _fields: NoFields
) -> Response:
    """Ends one session, also the current one."""
    await revoke_session(portal.engine, signed_in=owner, session_id=session_id)
    return JSONResponse({}) if wants_json(request) else _back("session")


@router.post("/sessions/revoke-others/", **described(Input, '{"ended"}'))
async def revoke_others(request: Request, portal: ThePortal, owner: EnteredActor, _fields: NoFields) -> Response:
    """Ends every session but this one."""
    ended = await revoke_other_sessions(portal.engine, signed_in=owner)
    return JSONResponse({"ended": ended}) if wants_json(request) else _back("sessions")


async def show(
    request: Request, portal: Portal, owner: SignedIn, *, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    """The page; `problems` by form."""
    account = await show_account(portal.engine, owner_id=owner.owner_id)
    return render(
        request,
        "owners/account.html",
        status,
        account=account,
        required=portal.get(Security).totp_required,
        problems=problems or {},
        idempotency_key=str(new_id()),
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


def _back(done: str) -> Response:
    return RedirectResponse(f"/owner/account/?done={done}", 303)


def _session_json(session: Session, owner: SignedIn) -> dict[str, Any]:
    return {
        "id": str(session.session_id),
        "device": session.device,
        "address": session.address,
        "created_at": session.created_at.isoformat(),
        "last_seen_at": session.last_seen_at.isoformat(),
        "this": session.session_id == owner.session_id,
    }
