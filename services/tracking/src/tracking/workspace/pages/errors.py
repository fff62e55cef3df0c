"""The pages shown for errors."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from servicekit.database import CONNECTION_ERRORS, STATEMENT_TIMEOUT_MESSAGE, is_statement_timeout
from servicekit.errors import AppError, NotAuthenticated, http_status
from tracking.workspace.pages.rendering import label_of, render
from tracking.workspace.pages.saved_forms import hold, restore
from tracking.workspace.pages.visitors import StaleForm

log = structlog.get_logger()

TRY_AGAIN = 60  # seconds of the Retry-After of a page that took too long
_NO_PAGE = "There is no such page; check its address"
_WORDS = {
    400: "The form could not be read; reload its page and send it again",
    404: _NO_PAGE,
    405: "This address takes only what its page sends; use the links and buttons of the workspace",
}
_TAKES = {
    "missing": "is required",
    "string_too_long": "must have at most {max_length} characters",
    "int_parsing": "must be a whole number",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "date_from_datetime_parsing": "must be a date like 2026-01-31",
}


_HEADINGS = {
    400: "This was not understood",
    403: "You may not open this",
    404: "Page not found",
    405: "Not possible from here",
    409: "Not possible now",
    413: "Too large",
    429: "Too many attempts",
    503: "Not available for a moment",
}


def add_error_pages(app: FastAPI) -> None:
    """Registers handlers that answer errors with pages."""
    app.add_exception_handler(AppError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_served)
    for away in CONNECTION_ERRORS:
        app.add_exception_handler(away, _database_away)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 - what the handler is registered for
    if isinstance(error, NotAuthenticated):
        return await hold(request) or RedirectResponse(_sign_in_for(request), 303)
    if isinstance(error, StaleForm) and await hold(request):
        return await restore(request, request.url.path, error.person, http_status(error))
    return with_retry_after(_page(http_status(error), error), error)


def _page(status_code: int, error: AppError | str) -> Response:
    heading = _HEADINGS.get(status_code, "Something went wrong")
    return render("error.html", status_code=status_code, error=error, heading=heading)


def _sign_in_for(request: Request) -> str:
    """The sign-in page, which continues to the requested page."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return "/login?" + urlencode({"next": path}) if is_page and path != "/" else "/login"


def with_retry_after(reply: Response, error: AppError) -> Response:
    """The reply, with Retry-After if the error has one."""
    if error.retry_after is not None:
        reply.headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    return reply


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is registered for
    return _page(400, "; ".join(_objection(found) for found in error.errors()))


def _objection(found: Mapping[str, Any]) -> str:
    """The field and its rule, for one of pydantic's errors."""
    place, *names = found["loc"]
    if place == "path":
        return _NO_PAGE
    name = str(names[-1])
    takes = _TAKES.get(found["type"], "cannot be read").format(**found.get("ctx", {}))
    return f"{label_of(name)} {takes}"


async def _not_served(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    reply = _page(error.status_code, _WORDS.get(error.status_code, error.detail))
    reply.headers.update(error.headers or {})
    return reply


async def _database_away(request: Request, error: Exception) -> Response:
    if is_statement_timeout(error):
        log.warning("page timed out", path=request.url.path)
        reply = _page(503, STATEMENT_TIMEOUT_MESSAGE)
        reply.headers["retry-after"] = str(TRY_AGAIN)
        return reply
    reply = _page(503, "The database does not respond; try again in a moment")
    reply.headers["retry-after"] = "1"
    return reply
