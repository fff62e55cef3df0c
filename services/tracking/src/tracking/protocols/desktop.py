"""Bodies and replies of the desktop protocol. Bodies are read leniently."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from servicekit.errors import AppError, InvalidInput, http_status
from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS

_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reply:
    """One response. The tracker reads the status code, then `status` in the body, then shows `message`."""

    code: int
    body: Mapping[str, Any]
    headers: Sequence[tuple[bytes, bytes]] = field(default=())

    def encode(self) -> bytes:
        """The body as JSON."""
        return msgspec.json.encode(self.body)


def ok(message: str = "OK", **more: Any) -> Reply:
    """200 with status true."""
    return Reply(200, {"status": True, "message": message, **more})


def no(message: str) -> Reply:
    """200 with status false, which makes a poll end the tracking."""
    return Reply(200, {"status": False, "message": message})


def refusal(code: int, message: str, *, retry_after: float | None = None) -> Reply:
    """Any other code: the tracker keeps its rows. 429 and 503 always carry Retry-After."""
    says_when = retry_after or code in (429, 503)
    headers = ((b"retry-after", str(max(1, round(retry_after or 1))).encode()),) if says_when else ()
    if code == 401:
        headers = ((b"www-authenticate", b'Token realm="tracker"'),)
    return Reply(code, {"status": False, "message": message}, headers)


def from_error(error: AppError) -> Reply:
    """The refusal for an error."""
    return refusal(http_status(error), error.message, retry_after=error.retry_after)


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. InvalidInput: there is none.

    A window title that was cut in the middle of a character contains half a surrogate pair. The fast, strict decoder
    rejects it; the standard library's accepts it, and the row is repaired later.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise InvalidInput("the body must be JSON; send it again whole") from None
    if not isinstance(value, dict):
        raise InvalidInput("the body must be a JSON object")
    return value


def text_in(body: Mapping[str, Any], name: str, *, longest: int = 512) -> str:
    """A non-empty string. InvalidInput: absent, or another type."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise InvalidInput(f"{name} must be a string of 1 to {longest} characters", field=name)
    return value


def id_in(body: Mapping[str, Any], name: str) -> int:
    """A positive id, as an integer or a string, since builds differ. InvalidInput: neither."""
    value = body.get(name)
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_ID:
        raise InvalidInput(f"{name} must be a positive integer", field=name)
    return value


def time_in(body: Mapping[str, Any], name: str) -> datetime:
    """A time as the desktop writes it: UTC, YYYY-MM-DD HH:MM:SS. InvalidInput: anything else."""
    try:
        at = datetime.fromisoformat(text_in(body, name))
    except ValueError:
        at = None
    if at is None or at.year not in PLAUSIBLE_YEARS:
        raise InvalidInput(f"{name} must be a time like 2026-01-31 09:00:00", field=name)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def rows_in(body: Mapping[str, Any], name: str) -> list[Any]:
    """A list of rows; absent and null are empty. The content of rows is never refused. InvalidInput: no list."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(f"{name} must be a list", field=name)
    return value


def typed(rows: Sequence[Any], kind: type[Any]) -> list[Any]:
    """The rows as `kind`, a dataclass of `ingest.rules.rows`; rows with unexpected types stay as they are.

    A row's result must not depend on the rows beside it, because it decides the row's identity.
    """
    return [_typed(row, kind) for row in rows]


def _typed(row: Any, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(row, kind)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        return row


def clock_text(seconds: int) -> str:
    """The duration as HH:MM:SS."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
