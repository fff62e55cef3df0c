"""Problem documents (RFC 9457): the form in which HTTP carries an error to a program."""

import math
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


def title_of(kind: str) -> str:
    """The kind in words."""
    return kind.replace("_", " ").capitalize()


def problem(
    status: int,
    kind: str,
    detail: str,
    *,
    errors: Mapping[str, str] | None = None,
    retry_after: float | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """The response of a refusal.

    `kind` is for programs; `detail` says what is wrong and what to do about it. `errors`: a message for each input
    concerned. `retry_after`: seconds. `members`: more of the document.
    """
    document: dict[str, object] = {"type": "about:blank", "title": title_of(kind), "status": status}
    document |= {"kind": kind, "detail": detail}
    if errors:
        document["errors"] = [{"field": field, "detail": message} for field, message in errors.items()]
    sent = dict(headers or {})
    if retry_after is not None:
        sent["retry-after"] = str(max(1, math.ceil(retry_after)))
    return JSONResponse(document | dict(members or {}), status, sent, MEDIA_TYPE)
