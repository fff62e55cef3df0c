"""Reads requests: fields of a form or JSON, the wanted format, the origin."""

import json
import unicodedata
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Header, Request

from owner_portal.text.rules import UNREADABLE
from servicekit.errors import Forbidden, InvalidInput
from servicekit.ids import new_id
from text_rules.characters import BIDI_CONTROLS

MAX_IDEMPOTENCY_KEY = 200
_REPEATED = f"the same for each repetition of a request; at most {MAX_IDEMPOTENCY_KEY} printable characters"


def wants_json(request: Request) -> bool:
    """Whether the client is a script: browsers accept text/html, scripts accept or send JSON."""
    accept = request.headers.get("accept", "")
    if "text/html" in accept:
        return False
    return "application/json" in accept or sends_json(request)


def sends_json(request: Request) -> bool:
    """Whether the body is JSON."""
    return _content_type(request) == "application/json"


async def _read_given(request: Request) -> AsyncIterator[dict[str, str]]:
    if sends_json(request):
        yield _json_object(await request.body())
    else:
        async with request.form() as form:  # open until the response is ready: it may contain a file
            yield {name: value for name, value in form.items() if isinstance(value, str)}


_Given = Annotated[dict[str, str], Depends(_read_given)]


async def read_fields(given: _Given) -> dict[str, str]:
    """The texts of a form or of a JSON object. InvalidInput: it is neither, or holds characters that are not text."""
    for name, value in given.items():
        if not _is_storable(value):
            raise InvalidInput(f"{name} contains characters that are not text", field=name)
    return given


async def read_typed(given: _Given) -> dict[str, str]:
    """The same with UNREADABLE in place of characters that are not text."""
    return {name: readable(value) for name, value in given.items()}


Typed = Annotated[dict[str, str], Depends(read_typed)]
"""The same for forms that show their values again: unreadable characters become UNREADABLE, refused later."""


def readable(value: str) -> str:
    """A text that can be shown and stored: control characters and surrogates become UNREADABLE."""
    text = value.replace("\r\n", "\n").replace("\t", " ")
    return "".join(UNREADABLE if character != "\n" and _is_unreadable(character) else character for character in text)


def _once(given: _Given, key: Annotated[str, Header(alias="Idempotency-Key", description=_REPEATED)] = "") -> str:
    key = key or given.get("once", "")
    if not key.isprintable() or len(key) > MAX_IDEMPOTENCY_KEY:
        raise InvalidInput(f"Idempotency-Key may have at most {MAX_IDEMPOTENCY_KEY} printable characters")
    return key or str(new_id())


IdempotencyKey = Annotated[str, Depends(_once)]
"""The Idempotency-Key of a script, or the key of a form; otherwise a new one.

A repetition with the same key has no second effect and gets the same response.
"""


def check_origin(request: Request) -> None:
    """Forbidden: a browser reports another origin. Scripts report none and pass."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in {"same-origin", "none"}:
        raise Forbidden("This request comes from another site. Submit it in the portal.")


def came_from_here(request: Request) -> bool:
    """Whether the browser reports a page of the portal as the origin."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site") == "same-origin"


def safe_next(target: str) -> str:
    """The page to open after the sign-in; always a page of this portal."""
    return (
        target if target.startswith("/owner/") and "\\" not in target and target.isprintable() else "/owner/dashboard/"
    )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _json_object(body: bytes) -> dict[str, str]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("the body is not valid JSON") from error
    if not isinstance(given, dict):
        raise InvalidInput("the body must be a JSON object")
    return {name: _as_text(name, value) for name, value in given.items() if value is not None}


def _as_text(name: str, value: object) -> str:
    """A value as a form would send it."""
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidInput(f"{name} must be a string, a number or a boolean", field=name)


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value and not BIDI_CONTROLS.intersection(value)


def _is_unreadable(character: str) -> bool:
    return character in BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}
