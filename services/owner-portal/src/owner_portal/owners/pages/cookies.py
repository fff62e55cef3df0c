"""The session's cookie."""

from fastapi import Request
from starlette.responses import Response

from credentials.tokens import new_token
from owner_portal.owners.use_cases.sign_out import sign_out
from owner_portal.web.portal import Portal

LONGEST_TOKEN = 100
BROWSER_TIME = 400 * 24 * 3600  # seconds: no browser keeps a cookie longer


async def replace_session(request: Request, response: Response, portal: Portal, token: str) -> Response:
    """The browser has this session from now on, and the one it had before is over."""
    before = request.cookies.get(portal.cookie_name)
    if before is not None:
        await sign_out(portal.engine, token=before)
    return know_browser(request, set_session(response, portal, token), portal)


def set_session(response: Response, portal: Portal, token: str) -> Response:
    """The browser has this session from now on."""
    response.set_cookie(portal.cookie_name, token, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response


def browser_of(request: Request, portal: Portal) -> str:
    """The token by which this browser is known again; the same one all through a request, new if it has none."""
    token = request.cookies.get(portal.browser_cookie, "")
    if not 0 < len(token) <= LONGEST_TOKEN:
        if not hasattr(request.state, "browser"):
            request.state.browser = new_token()
        token = request.state.browser
    return token


def know_browser(request: Request, response: Response, portal: Portal) -> Response:
    """The browser is known again from now on."""
    response.set_cookie(
        portal.browser_cookie,
        browser_of(request, portal),
        path="/",
        max_age=BROWSER_TIME,
        secure=portal.cookie_secure,
        httponly=True,
        samesite="lax",
    )
    return response


def forget_session(response: Response, portal: Portal) -> Response:
    """The browser has none any more."""
    response.delete_cookie(portal.cookie_name, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response
