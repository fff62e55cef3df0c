"""The cookies of the session and of the browser."""

from fastapi import Request
from starlette.responses import Response

from credentials.tokens import new_token
from owner_portal.owners.use_cases.sign_in import sign_out
from owner_portal.web.portal import Portal

MAX_TOKEN = 100
BROWSER_TIME = 400 * 24 * 3600  # seconds: no browser keeps a cookie longer


def cookie_name(portal: Portal) -> str:
    """Of the session's cookie. The prefix makes browsers refuse it from anywhere but this host over TLS."""
    return "__Host-tenantry-owner" if portal.cookie_secure else "tenantry-owner"


def browser_cookie(portal: Portal) -> str:
    """Of the long-lived cookie by which a browser is known again when its owner signs in."""
    return f"{cookie_name(portal)}-browser"


async def replace_session(request: Request, response: Response, portal: Portal, token: str) -> Response:
    """Sets the cookie of a new session, and ends the previous session of this browser."""
    before = request.cookies.get(cookie_name(portal))
    if before is not None:
        await sign_out(portal.engine, token=before)
    return know_browser(request, set_session(response, portal, token), portal)


def set_session(response: Response, portal: Portal, token: str) -> Response:
    """Sets the cookie of the session."""
    response.set_cookie(
        cookie_name(portal), token, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax"
    )
    return response


def browser_of(request: Request, portal: Portal) -> str:
    """The token of this browser; stable during a request, new if it has none."""
    token = request.cookies.get(browser_cookie(portal), "")
    if not 0 < len(token) <= MAX_TOKEN:
        if not hasattr(request.state, "browser"):
            request.state.browser = new_token()
        token = request.state.browser
    return token


def know_browser(request: Request, response: Response, portal: Portal) -> Response:
    """Sets the long-lived cookie of the browser."""
    response.set_cookie(
        browser_cookie(portal),
        browser_of(request, portal),
        path="/",
        max_age=BROWSER_TIME,
        secure=portal.cookie_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def forget_session(response: Response, portal: Portal) -> Response:
    """Deletes the cookie of the session."""
    response.delete_cookie(cookie_name(portal), path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response
