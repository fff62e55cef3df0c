"""Errors as pages for browsers and as JSON for scripts."""

import math
from contextlib import suppress

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from owner_portal.web.rendering import render
from owner_portal.web.requests import wants_json
from servicekit.database import CONNECTION_ERRORS, STATEMENT_TIMEOUT_MESSAGE, is_statement_timeout
from servicekit.errors import AppError, http_status

log = structlog.get_logger()

_TITLES = {
    400: "Something went wrong",
    401: "Sign in first",
    403: "Not allowed",
    404: "Page not found",
    405: "Not possible here",
    409: "Conflict",
    413: "Too large",
    429: "Too many attempts",
    500: "Internal error",
    503: "Temporarily unavailable",
}
TOO_LONG_AGAIN = 60  # seconds before a page that timed out may be requested again
TRY_AGAIN = 5  # seconds after which an unavailable page reloads
_DATABASE_AWAY = (
    "The portal's database does not respond. Companies and their trackers are not affected. "
    "This page reloads automatically."
)
_MESSAGES = {404: "There is no page at this address.", 405: "This address does not accept this kind of request."}


def add_error_handlers(app: FastAPI) -> None:
    """Maps every error of a route to a response."""

    @app.exception_handler(AppError)
    async def on_app_error(request: Request, error: AppError) -> Response:
        return refuse(request, error)

    async def on_database_away(request: Request, error: Exception) -> Response:
        if is_statement_timeout(error):
            log.warning("page timed out", path=request.url.path)
            response = answer(request, 503, "took_too_long", f"{STATEMENT_TIMEOUT_MESSAGE}.")
            response.headers["retry-after"] = str(TOO_LONG_AGAIN)
            with suppress(KeyError):
                del response.headers["refresh"]  # the same page would time out again
            return response
        log.warning("database unavailable", path=request.url.path, error=type(error).__name__)
        response = answer(request, 503, "unavailable", _DATABASE_AWAY)
        response.headers["retry-after"] = "1"
        return response

    for kind in CONNECTION_ERRORS:
        app.exception_handler(kind)(on_database_away)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        message = _MESSAGES.get(error.status_code, str(error.detail))
        return answer(request, error.status_code, "not_found" if error.status_code == 404 else "invalid_input", message)

    @app.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, error=repr(error))
        return answer(request, 500, "internal", "An internal error occurred. It has been logged.")


def refuse(request: Request, error: AppError) -> Response:
    """The response to an application error."""
    response = answer(request, http_status(error), error.code, error.message)
    if error.retry_after is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after))
    return response


def answer(request: Request, status: int, kind: str, message: str) -> Response:
    """An error as a page or as JSON."""
    if wants_json(request):
        return JSONResponse({"error": {"kind": kind, "message": message}}, status)
    title, changed = _TITLES.get(status, _TITLES[400]), changes(request)
    response = render(request, "web/error.html", status, title=title, message=message, status=status, changed=changed)
    if status == 503 and not changed:
        response.headers["refresh"] = str(TRY_AGAIN)
    return response


def changes(request: Request) -> bool:
    """Whether the request changes something."""
    return request.method not in {"GET", "HEAD"}
