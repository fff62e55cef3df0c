"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.access.rules import csrf_token
from owner_portal.owners.pages.cookies import cookie_name, forget_session, replace_session
from owner_portal.owners.pages.guard import Security, TheCaller, check_csrf
from owner_portal.owners.use_cases.sign_in import authenticate, enter_code, sign_in, sign_out
from owner_portal.web.inputs import Input, check_names, described, fields_of
from owner_portal.web.portal import Portal, ThePortal
from owner_portal.web.rendering import render, says_when
from owner_portal.web.requests import Typed, check_origin, safe_next, wants_json
from servicekit.errors import AppError, NotAuthenticated, RateLimited, Refused, Unavailable, http_status
from servicekit.problems import problem

router = APIRouter()

CODE_REQUIRED = "Your account has a second factor. Send its code with the challenge to /owner/login/code/."


@router.get("/owner/login/", include_in_schema=False)
async def login_page(request: Request, portal: ThePortal, target: Annotated[str, Query(alias="next")] = "") -> Response:
    """The sign-in form; a signed-in owner is redirected to the dashboard."""
    try:
        await authenticate(portal.engine, token=request.cookies.get(cookie_name(portal), ""), touch=False)
    except NotAuthenticated:
        return render(request, "owners/login.html", email="", target=safe_next(target), error=None)
    return RedirectResponse(safe_next(target), 303)


class SignInInput(Input):
    """`next`: the page to open afterwards, for browsers."""

    email: str = ""
    password: str = ""
    next: str = ""


class CodeInput(Input):
    """`challenge`: from the response to the password. `code`: of the second factor, or a recovery code."""

    challenge: str = ""
    code: str = ""
    next: str = ""


@router.post("/owner/login/", **described(SignInInput, '{"csrf_token"} and the session cookie'))
async def login(
    request: Request,
    portal: ThePortal,
    caller: TheCaller,
    fields: Annotated[SignInInput, fields_of(SignInInput, exact=True)],
) -> Response:
    """Opens a session. Without a session there is no token to check, only the origin."""
    check_origin(request)
    email, target = fields.email, safe_next(fields.next)
    try:
        result = await sign_in(portal.engine, email=email, password=fields.password, caller=caller)
    except (NotAuthenticated, RateLimited, Unavailable) as error:
        if wants_json(request):
            raise
        return _again(request, error, email, target)
    if not result.challenge:
        return await _signed_in(request, portal, result.session, target)
    if wants_json(request):
        return problem(401, "code_required", CODE_REQUIRED, members={"challenge": result.challenge})
    return _ask_code(request, result.challenge, target)


@router.post("/owner/login/code/", **described(CodeInput, '{"csrf_token"} and the session cookie'))
async def code(
    request: Request,
    portal: ThePortal,
    caller: TheCaller,
    fields: Annotated[CodeInput, fields_of(CodeInput, exact=True)],
) -> Response:
    """The second step of the sign-in."""
    check_origin(request)
    challenge, target = fields.challenge, safe_next(fields.next)
    try:
        session = await enter_code(
            portal.engine, challenge=challenge, code=fields.code, caller=caller, box=portal.get(Security).box
        )
    except (NotAuthenticated, RateLimited, Refused) as error:
        if wants_json(request):
            raise
        if isinstance(error, Refused):
            return _again(request, error, "", target)
        return _ask_code(request, challenge, target, error)
    return await _signed_in(request, portal, session, target)


@router.post("/owner/logout/", **described(Input))
async def logout(request: Request, portal: ThePortal, fields: Typed) -> Response:
    """Ends the session and deletes the cookie; an ended session is not an error."""
    check_origin(request)
    token = request.cookies.get(cookie_name(portal), "")
    try:
        owner = await authenticate(portal.engine, token=token, touch=False)
    except NotAuthenticated:
        if wants_json(request):
            raise
    else:
        check_csrf(request, owner, fields)
        check_names(request, Input, fields)
        await sign_out(portal.engine, token=token)
    return forget_session(JSONResponse({}) if wants_json(request) else RedirectResponse("/owner/login/", 303), portal)


async def _signed_in(request: Request, portal: Portal, session: str, target: str) -> Response:
    answer = JSONResponse({"csrf_token": csrf_token(session)}) if wants_json(request) else RedirectResponse(target, 303)
    return await replace_session(request, answer, portal, session)


def _again(request: Request, error: AppError, email: str, target: str) -> Response:
    status = http_status(error)
    return says_when(
        render(request, "owners/login.html", status, email=email, target=target, error=error.message), error
    )


def _ask_code(request: Request, challenge: str, target: str, error: AppError | None = None) -> Response:
    status = http_status(error) if error else 200
    problem = error.message if error else ""
    reply = render(request, "owners/login_code.html", status, challenge=challenge, target=target, problem=problem)
    return says_when(reply, error) if error else reply
