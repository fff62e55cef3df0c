"""Page tokens: where the next page of a listing begins. Callers hand them back as they are."""

import base64
import hashlib
import json
from typing import Any

from servicekit.errors import InvalidInput

MOST_ENTRIES = 200
USUAL_ENTRIES = 50


def page_size(asked: int) -> int:
    """How many entries a page has; 0 asks for the usual number, more than there may be for the most."""
    return min(asked or USUAL_ENTRIES, MOST_ENTRIES)


def to_token(question: object, position: list[Any]) -> str:
    """A token for the page after `position`; `question` is what was asked, as its repr tells."""
    content = json.dumps([_mark(question), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode()


def from_token(question: object, token: str) -> list[Any]:
    """The position in a token. InvalidInput when it is none, or one of another question."""
    try:
        mark, *position = list(json.loads(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, TypeError, RecursionError):
        raise refusal() from None
    if mark != _mark(question):
        raise InvalidInput("page_token is of another question: ask for its first page, without a token")
    return position


def refusal() -> InvalidInput:
    """What a token that nobody was given is answered with."""
    return InvalidInput("page_token cannot be read: give next_page_token of the page before as it is")


def _mark(question: object) -> str:
    return hashlib.sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()[:16]
