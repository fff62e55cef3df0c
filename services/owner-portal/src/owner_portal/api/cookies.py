"""The session's cookie."""

from starlette.responses import Response

from owner_portal.api.portal import Portal


def set_session(response: Response, portal: Portal, token: str) -> Response:
    """The browser has this session from now on."""
    response.set_cookie(portal.cookie_name, token, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response


def forget_session(response: Response, portal: Portal) -> Response:
    """The browser has none any more."""
    response.delete_cookie(portal.cookie_name, path="/", secure=portal.cookie_secure, httponly=True, samesite="lax")
    return response
