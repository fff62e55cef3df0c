"""Sign-in and sign-out: the session cookie, the cookie of known browsers, and the choice between companies."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from credentials.tokens import new_token
from servicekit.errors import AppError, Forbidden, NotAuthenticated, http_status
from tracking.sign_in.use_cases.workspace_sign_in import (
    CHOICE_EXPIRED,
    CHOICE_TIME,
    LASTS,
    Choice,
    choose,
    recognise,
    show_choice,
    sign_in,
    sign_out,
)
from tracking.workspace.pages.errors import with_retry_after
from tracking.workspace.pages.forms import FormLine, Line, safe_next
from tracking.workspace.pages.rendering import render
from tracking.workspace.pages.visitors import TheWorkspace, Workspace, check_origin, check_token, origin_of, ticket_of
from tracking.workspace.rules.visitors import Ticket

BROWSER_TIME = 400 * 24 * 3600  # seconds: browsers keep cookies no longer
_MAX_TOKEN_LENGTH = 100

router = APIRouter()


@router.get("/login")
async def login_page(target: Annotated[Line, Query(alias="next")] = "", done: str = "") -> Response:
    """Shows the form; `next` is the page to continue with."""
    return render("login.html", email="", target=safe_next(target), done=done)


@router.post("/login")
async def login(
    request: Request,
    workspace: TheWorkspace,
    email: FormLine,
    password: FormLine,
    target: Annotated[Line, Form(alias="next")] = "",
) -> Response:
    """Starts a session; people of a suspended company are refused."""
    check_origin(request)
    browser = browser_of(request, workspace)
    try:
        signed_in = await sign_in(
            workspace.engine,
            email=email,
            password=password,
            origin=origin_of(request),
            browser=browser,
            now=datetime.now(UTC),
        )
        if isinstance(signed_in, Choice):
            return await _ask_company(workspace, signed_in, safe_next(target))
        return await start_browser_session(request, workspace, signed_in, browser, to=safe_next(target))
    except AppError as error:
        return _refused(error, email, target)


@router.post("/login/company")
async def choose_company(
    request: Request,
    workspace: TheWorkspace,
    company: FormLine,
    csrf_token: Annotated[Line, Form()] = "",
    target: Annotated[Line, Form(alias="next")] = "",
) -> Response:
    """Starts a session in one of the companies that the password opened."""
    check_origin(request)
    token = request.cookies.get(workspace.choice_cookie, "")
    if not hmac.compare_digest(csrf_token.encode("utf-8", "replace"), _csrf_of(token).encode()):
        raise Forbidden("This form is out of date; sign in again")
    browser = browser_of(request, workspace)
    try:
        company_id = UUID(hex=company)
        workspace.admit(company_id)
        ticket = await choose(
            workspace.engine, token=token, company_id=company_id, browser=browser, now=datetime.now(UTC)
        )
        reply = await start_browser_session(request, workspace, ticket, browser, to=safe_next(target))
    except ValueError:
        reply = _refused(NotAuthenticated(CHOICE_EXPIRED), "")
    except AppError as error:
        reply = _refused(error, "")
    _forget(reply, workspace, workspace.choice_cookie)
    return reply


@router.post("/logout")
async def logout(request: Request, workspace: TheWorkspace) -> Response:
    """Ends the session, whatever the state of company and account; one that has ended is no error."""
    ticket = ticket_of(request, workspace)
    if ticket is not None:
        try:
            await check_token(request, await recognise(workspace.engine, ticket, datetime.now(UTC)))
        except NotAuthenticated:
            check_origin(request)
        await sign_out(workspace.engine, ticket)
    response = RedirectResponse("/login", 303)
    _forget(response, workspace, workspace.cookie)
    return response


def browser_of(request: Request, workspace: Workspace) -> str:
    """The token that identifies this browser; a new one if it has none."""
    token = request.cookies.get(workspace.browser_cookie, "")
    return token if 0 < len(token) <= _MAX_TOKEN_LENGTH else new_token()


async def start_browser_session(
    request: Request, workspace: Workspace, ticket: Ticket, browser: str, to: str = "/"
) -> Response:
    """Sets the new session's cookie and ends the browser's previous session.

    Forbidden: the company is suspended; the new session ends at once.
    """
    before = ticket_of(request, workspace)
    if before is not None:
        await sign_out(workspace.engine, before)
    try:
        workspace.admit(ticket.company_id)
    except AppError:
        await sign_out(workspace.engine, ticket)
        raise
    response = RedirectResponse(to, 303)
    lasts = int(LASTS.total_seconds())
    _set(response, workspace, workspace.cookie, f"{ticket.company_id.hex}.{ticket.token}", lasts)
    return remember_browser(response, workspace, browser)


def remember_browser(response: Response, workspace: Workspace, browser: str) -> Response:
    """Sets the cookie that identifies this browser."""
    _set(response, workspace, workspace.browser_cookie, browser, BROWSER_TIME)
    return response


async def _ask_company(workspace: Workspace, choice: Choice, target: str) -> Response:
    companies = await show_choice(workspace.engine, choice.company_ids)
    reasons = {company_id: _reason(workspace, company_id) for company_id in choice.company_ids}
    reply = render(
        "choose_company.html", target=target, companies=companies, reasons=reasons, csrf_token=_csrf_of(choice.token)
    )
    _set(reply, workspace, workspace.choice_cookie, choice.token, int(CHOICE_TIME.total_seconds()))
    return reply


def _reason(workspace: Workspace, company_id: UUID) -> str:
    """Why this company cannot be opened now; empty if it can."""
    try:
        workspace.admit(company_id)
    except AppError as error:
        return error.message
    return ""


def _refused(error: AppError, email: str, target: str = "") -> Response:
    reply = render(
        "login.html",
        status_code=http_status(error),
        error=error,
        email=email,
        target=safe_next(target),
        done="",
    )
    return with_retry_after(reply, error)


def _csrf_of(token: str) -> str:
    return hmac.digest(token.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hex()


def _set(response: Response, workspace: Workspace, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, secure=workspace.cookie_secure, httponly=True, samesite="lax")


def _forget(response: Response, workspace: Workspace, name: str) -> None:
    response.delete_cookie(name, secure=workspace.cookie_secure, httponly=True, samesite="lax")
