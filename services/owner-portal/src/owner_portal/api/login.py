"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from owner_portal.api.access import ActingOwner
from owner_portal.api.pages import render
from owner_portal.api.portal import Portal, ThePortal
from owner_portal.api.requests import Fields, check_origin, safe_next, wants_json
from owner_portal.application.recognise import recognise
from owner_portal.application.sign_in import sign_in
from owner_portal.application.sign_out import sign_out
from owner_portal.domain.owners import csrf_token
from servicekit.errors import HTTP_STATUS, AppError, NotAuthenticated, RateLimited

router = APIRouter()


@router.get("/owner/login/")
async def login_page(request: Request, portal: ThePortal, target: Annotated[str, Query(alias="next")] = "") -> Response:
    """The form; whoever is signed in goes on to the dashboard."""
    try:
        await recognise(portal.engine, token=request.cookies.get(portal.cookie_name, ""))
    except NotAuthenticated:
        return render(request, "login.html", email="", target=safe_next(target), error=None)
    return RedirectResponse(safe_next(target), 303)


@router.post("/owner/login/")
async def login(request: Request, portal: ThePortal, fields: Fields) -> Response:
    """Opens a session. There is none yet whose token could be asked for: the origin alone is checked."""
    check_origin(request)
    email, target = fields.get("email", ""), safe_next(fields.get("next", ""))
    address = request.client.host if request.client else "unknown"
    try:
        token = await sign_in(portal.engine, email=email, password=fields.get("password", ""), address=address)
    except (NotAuthenticated, RateLimited) as error:
        if wants_json(request):
            raise
        return _again(request, error, email, target)
    if wants_json(request):
        return _with_cookie(JSONResponse({"csrf_token": csrf_token(token)}), portal, token)
    return _with_cookie(RedirectResponse(target, 303), portal, token)


@router.post("/owner/logout/")
async def logout(request: Request, portal: ThePortal, _owner: ActingOwner) -> Response:
    """Ends the session on the server and forgets the cookie."""
    await sign_out(portal.engine, token=request.cookies[portal.cookie_name])
    response = JSONResponse({}) if wants_json(request) else RedirectResponse("/owner/login/", 303)
    response.delete_cookie(portal.cookie_name, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response


def _again(request: Request, error: AppError, email: str, target: str) -> Response:
    status = HTTP_STATUS[type(error)]
    return render(request, "login.html", status, email=email, target=target, error=error.message)


def _with_cookie(response: Response, portal: Portal, token: str) -> Response:
    response.set_cookie(
        portal.cookie_name,
        token,
        path="/",
        secure=portal.cookie_secure,
        httponly=True,
        samesite="lax",
    )
    return response
