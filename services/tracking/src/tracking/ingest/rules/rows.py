"""One row of a tracker's upload: repaired where possible, otherwise rejected with a reason.

Trackers send window titles unchanged, and upgraded desktops send values in the wrong columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from text_rules.lines import clean_reported
from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS
from tracking.clock.rules.unix_time import microsecond_of
from tracking.totals.rules.timeline import ActivityKind

MAX_NAME = 512
MAX_DETAIL = 2048
MAX_SECONDS = 31 * 86_400

# Reasons for not counting a row. Each needs a text for a company's admin.
NO_OBJECT = "not an object"
UNKNOWN_KIND = "minute_type is neither ACTIVE nor INACTIVE"
NO_DURATION = "no duration"
IMPOSSIBLE_DURATION = "the duration is not a number of seconds that can be true"
NO_TIME = "created_at is not a time"
IMPOSSIBLE_TIME = "created_at is not a time that can be true"

_KINDS = {"ACTIVE": ActivityKind.ACTIVE, "INACTIVE": ActivityKind.IDLE}
_MAX_TIME_LENGTH = 64  # characters


class BadRow(Exception):
    """The reason why a row cannot be counted."""


@dataclass(slots=True)
class ApplicationRow:
    """A row of `applications` with the expected types; its values may still be impossible."""

    app_name: str
    window_title: str | None
    active_seconds: int
    created_at: str | None


@dataclass(slots=True)
class WebsiteRow:
    """A row of `websites` with the expected types."""

    domain: str
    url: str | None
    active_seconds: int
    created_at: str | None


@dataclass(slots=True)
class ActivityRow:
    """A row of `activities` with the expected types."""

    minute_type: str
    duration_seconds: int
    created_at: str | None


_ACTIVITY = attrgetter("minute_type", "duration_seconds", "created_at")


class Row(NamedTuple):
    """The content of a row. `at`, Unix time in microseconds, is None if the row has no time."""

    name: str
    detail: str
    seconds: int
    at: int | None


class Ticks(NamedTuple):
    """The content of a claim; `at` as in `Row`."""

    kind: ActivityKind
    seconds: int
    at: int | None


def application(raw: Any) -> Row:
    """Reads {app_name, window_title, active_seconds, created_at}."""
    return _usage(raw, "app_name", "window_title")


def website(raw: Any) -> Row:
    """Reads {domain, url or null, active_seconds, created_at}."""
    return _usage(raw, "domain", "url")


def activity(raw: Any) -> Ticks:
    """Reads {minute_type, duration_seconds, created_at}."""
    minute_type: Any
    if type(raw) is ActivityRow:
        minute_type, duration, created_at = _ACTIVITY(raw)
    else:
        minute_type, duration, created_at = map(_fields(raw).get, ActivityRow.__slots__)
    kind = _KINDS.get(minute_type) if isinstance(minute_type, str) else None
    if kind is None:
        raise BadRow(UNKNOWN_KIND)
    seconds = _seconds(duration)
    if seconds == 0:
        raise BadRow(NO_DURATION)
    return Ticks(kind, seconds, moment(created_at))


def _usage(raw: Any, name: str, detail: str) -> Row:
    fields = _fields(raw)
    seconds, at, note = fields.get("active_seconds"), fields.get("created_at"), fields.get(detail)
    if at is None and isinstance(seconds, str) and isinstance(note, int):
        note, seconds, at = None, note, seconds  # an upgraded desktop sends each value one column too early
    return Row(_text(fields.get(name), MAX_NAME), _text(note, MAX_DETAIL), _seconds(seconds), moment(at))


def _fields(raw: Any) -> Mapping[str, Any]:
    raw = as_sent(raw)
    if not isinstance(raw, Mapping):
        raise BadRow(NO_OBJECT)
    return raw


def as_sent(raw: Any) -> Any:
    """The row as it was sent: a mapping, or anything else."""
    regular = isinstance(raw, ApplicationRow | WebsiteRow | ActivityRow)
    return {name: getattr(raw, name) for name in raw.__slots__} if regular else raw


def _text(value: Any, length: int) -> str:
    return "" if value is None else clean_reported(value if isinstance(value, str) else repr(value), length)


def _seconds(value: Any) -> int:
    if type(value) is int and 0 <= value <= MAX_SECONDS:
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_SECONDS:
        raise BadRow(IMPOSSIBLE_DURATION)
    return int(value)


def moment(value: Any) -> int | None:
    """A row's time, as Unix time in microseconds; None if it has none.

    BadRow: it is no time, or an impossible one.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_TIME_LENGTH:
        raise BadRow(NO_TIME)
    return _moment(value)


@lru_cache(maxsize=8192)  # desktops that upload at the same time name the same seconds
def _moment(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadRow(NO_TIME) from None
    if at.year not in PLAUSIBLE_YEARS:
        raise BadRow(IMPOSSIBLE_TIME)
    return microsecond_of(at.replace(tzinfo=UTC) if at.tzinfo is None else at)
