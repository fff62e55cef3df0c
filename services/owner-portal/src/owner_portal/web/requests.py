"""What a request asks for: its fields from a form or JSON, the kind of answer it wants, where it comes from."""

import json
import unicodedata
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from owner_portal.text.rules import UNREADABLE
from servicekit.errors import Forbidden, InvalidInput
from servicekit.ids import new_id
from text_rules.characters import BIDI_CONTROLS

LONGEST_KEY = 200


def wants_json(request: Request) -> bool:
    """A browser always accepts text/html; a script says JSON, or sends it."""
    accept = request.headers.get("accept", "")
    if "text/html" in accept:
        return False
    return "application/json" in accept or _content_type(request) == "application/json"


async def _read_given(request: Request) -> AsyncIterator[dict[str, str]]:
    if _content_type(request) == "application/json":
        yield _json_object(await request.body())
    else:
        async with request.form() as form:  # open until the answer is there: it may hold a file
            yield {name: value for name, value in form.items() if isinstance(value, str)}


_Given = Annotated[dict[str, str], Depends(_read_given)]


async def read_fields(given: _Given) -> dict[str, str]:
    """The texts of a form or of a JSON object; InvalidInput when it is neither or holds anything else."""
    for name, value in given.items():
        if not _is_storable(value):
            raise InvalidInput(f"{name} holds characters that are not text")
    return given


Fields = Annotated[dict[str, str], Depends(read_fields)]


async def _read_typed(given: _Given) -> dict[str, str]:
    return {name: readable(value) for name, value in given.items()}


Typed = Annotated[dict[str, str], Depends(_read_typed)]
"""The same for forms that show again what was typed: what is no text is there as UNREADABLE, to be refused by name."""


def readable(value: str) -> str:
    """A text that can be shown and stored: controls and halves of characters become UNREADABLE."""
    text = value.replace("\r\n", "\n").replace("\t", " ")
    return "".join(UNREADABLE if character != "\n" and _is_unreadable(character) else character for character in text)


def _once(request: Request, given: _Given) -> str:
    key = request.headers.get("idempotency-key", "") or given.get("once", "")
    if not key.isprintable() or len(key) > LONGEST_KEY:
        raise InvalidInput(f"Idempotency-Key may have at most {LONGEST_KEY} printable characters")
    return key or str(new_id())


Once = Annotated[str, Depends(_once)]
"""The script's Idempotency-Key, or the one that a form was given with its page; else one that no other request has.

A request that comes again under the same one has no second effect and gets the same answer.
"""


def check_origin(request: Request) -> None:
    """Forbidden when a browser says that another site sent this; scripts say nothing and may pass."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "none")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in {"same-origin", "none"}:
        raise Forbidden("This request comes from another site. Open the portal and do it there.")


def came_from_here(request: Request) -> bool:
    """Whether the browser says that a page of the portal sent this."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site") == "same-origin"


def safe_next(target: str) -> str:
    """Where to go after signing in: a page of this portal, whatever the address says."""
    return (
        target if target.startswith("/owner/") and "\\" not in target and target.isprintable() else "/owner/dashboard/"
    )


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _json_object(body: bytes) -> dict[str, str]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("the body is no JSON") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InvalidInput("the body must be a JSON object whose values are texts")
    return given


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value and not BIDI_CONTROLS.intersection(value)


def _is_unreadable(character: str) -> bool:
    return character in BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Zl", "Zp"}
