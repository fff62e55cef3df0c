"""The session's cookie."""

from fastapi import Request
from starlette.responses import Response

from owner_portal.api.portal import Portal
from owner_portal.application.owners.sign_out import sign_out


async def replace_session(request: Request, response: Response, portal: Portal, token: str) -> Response:
    """The browser has this session from now on, and the one it had before is over."""
    before = request.cookies.get(portal.cookie_name)
    if before is not None:
        await sign_out(portal.engine, token=before)
    return set_session(response, portal, token)


def set_session(response: Response, portal: Portal, token: str) -> Response:
    """The browser has this session from now on."""
    response.set_cookie(portal.cookie_name, token, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response


def forget_session(response: Response, portal: Portal) -> Response:
    """The browser has none any more."""
    response.delete_cookie(portal.cookie_name, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response
