"""What one upload says, made safe: whose rows they are, when they really were, each counted, repaired where it
can be, or quarantined with its reason.

One refused row would block all later ones of that desktop for ever, so no content is ever an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from tracking.domain import rows
from tracking.domain.daybook import second_of
from tracking.domain.rows import MAX_DETAIL, MAX_NAME, MAX_SECONDS, BadRow, Row, clean
from tracking.domain.spans import Spans, occupy, reach_back
from tracking.domain.timeline import Kind

TOLERANCE = timedelta(seconds=5)  # of clocks that are said to be right
MOST_CLAIMS = 1_000  # of one upload; a tracker has two for each session of its desktop
ANOTHERS = "older than the log-in: another person's"
TOO_MANY = "one of too many claims at once"
TOO_LONG = "longer than the time since the log-in"
_KEPT_PAYLOAD = 2000
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_VERSION_7 = b"\x70\0\x80"  # and the variant, in their places
_UNTIMED = bytes(6) + _VERSION_7
_APPLICATION = attrgetter("app_name", "window_title", "active_seconds", "created_at")
_WEBSITE = attrgetter("domain", "url", "active_seconds", "created_at")


class Usage(NamedTuple):
    """One stretch of an application's or website's use."""

    record_id: bytes  # 16, as of a UUID
    kind: str  # "a" application, "w" website
    at: datetime
    seconds: int
    name: str
    detail: str


_usage: Callable[[tuple[bytes, str, datetime, int, str, str]], Usage] = partial(
    tuple.__new__, Usage
)  # at half the cost


class Activity(NamedTuple):
    """One pre-summed claim: `seconds` ticks of a kind, the newest at `at`."""

    record_id: bytes
    kind: Kind
    at: datetime
    seconds: int


class Quarantined(NamedTuple):
    """A row that counts nowhere, kept with the reason."""

    record_id: bytes
    reason: str
    payload: str


@dataclass(slots=True)
class Report:
    """One upload after repair."""

    usage: list[Usage] = field(default_factory=list)
    activity: list[Activity] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.usage) + len(self.activity) + len(self.quarantined)


def read_report(
    *,
    employee_id: UUID,
    applications: Sequence[Any],
    websites: Sequence[Any],
    activities: Sequence[Any],
    logged_in_at: datetime,
    clock_offset: timedelta,
    received_at: datetime,
) -> Report:
    """The rows of one upload by the device that logged in at `logged_in_at`.

    `clock_offset`: how far the desktop's clock is behind. Rows from before the log-in are another person's leftovers.
    A row is a `rows.Application`, `rows.Website` or `rows.Activity`, or, when its types are odd, as it came.
    """
    reading = _Reading(employee_id, logged_in_at, _Moments(clock_offset, received_at))
    if applications:
        reading.take_usage("a", applications, rows.Application, _APPLICATION, rows.application)
    if websites:
        reading.take_usage("w", websites, rows.Website, _WEBSITE, rows.website)
    if activities:
        reading.take_activities(activities, second_of(logged_in_at - 2 * TOLERANCE))
    return reading.report


class _Moments(dict[str | None, tuple[datetime, bytes]]):
    """When a `created_at` really was, and the beginning of its rows' identities, remembered: rows share theirs.

    BadRow: it is no time.
    """

    def __init__(self, clock_offset: timedelta, received_at: datetime) -> None:
        super().__init__()
        self._clock_offset = clock_offset
        self._received_at = received_at
        self._latest = received_at + TOLERANCE

    def __missing__(self, text: str | None) -> tuple[datetime, bytes]:
        at = rows.moment(text)
        found = self[text] = self.corrected(at), _order(at)
        return found

    def corrected(self, at: datetime | None) -> datetime:
        # No desktop knows the future: its clock has moved since the offset was measured, and this row is new.
        return self._received_at if at is None else min(at + self._clock_offset, self._latest)


@lru_cache(maxsize=8192)
def _order(at: datetime | None) -> bytes:
    return _UNTIMED if at is None else ((at - _EPOCH) // _MILLISECOND).to_bytes(6, "big") + _VERSION_7


class _Identities:
    """A row's identity is its content and its ordinal among identical rows of the same upload.

    The session is not part of it: two threads of a tracker may post the same rows under two sessions. It is a UUIDv7:
    the milliseconds that the desktop said come first, so that a person's rows are found by their time.
    """

    def __init__(self, employee_id: UUID) -> None:
        self._employees = blake2b(employee_id.bytes, digest_size=7)
        self._seen: dict[bytes, int] = {}

    def of(self, content: str, order: bytes) -> bytes:
        hasher = self._employees.copy()
        try:
            hasher.update(content.encode())
        except UnicodeEncodeError:
            hasher.update(content.encode("utf-8", "surrogatepass"))
        identity = hasher.digest()
        ordinal = self._seen[identity] = self._seen.get(identity, -1) + 1
        if ordinal:
            identity = blake2b(identity, digest_size=7, salt=ordinal.to_bytes(16, "big")).digest()
        return order + identity


class _Reading:
    """A report in the making."""

    def __init__(self, employee_id: UUID, logged_in_at: datetime, moments: _Moments) -> None:
        self.report = Report()
        self._moments = moments
        self._identities = _Identities(employee_id)
        self._earliest = logged_in_at - TOLERANCE
        self._claimed: Spans = []

    def take_usage(
        self,
        kind: str,
        found: Sequence[Any],
        regular: type[Any],
        fields: Callable[[Any], tuple[str, str | None, int, str | None]],
        parse: Callable[[Any], Row],
    ) -> None:
        """Applications or websites. `fields` of a `regular` row are its name, detail, seconds and time."""
        identify, moments, earliest, add = self._identities.of, self._moments, self._earliest, self.report.usage.append
        for raw in found:
            if type(raw) is not regular:
                self._take_odd_usage(kind, raw, parse)
                continue
            name, detail, seconds, text = fields(raw)
            content = f"{kind}{seconds} {text!r} {len(name)} {name}{'' if detail is None else '=' + detail}"
            try:
                at, order = moments[text]
            except BadRow as reason:
                self._quarantine(identify(content, _UNTIMED), str(reason), raw)
                continue
            record_id = identify(content, order)
            if not 0 <= seconds <= MAX_SECONDS:
                self._quarantine(record_id, rows.IMPOSSIBLE_DURATION, raw)
            elif at < earliest:
                self._quarantine(record_id, ANOTHERS, raw)
            else:
                if len(name) > MAX_NAME or not name.isprintable():
                    name = clean(name, MAX_NAME)
                if detail is None:
                    detail = ""
                elif len(detail) > MAX_DETAIL or not detail.isprintable():
                    detail = clean(detail, MAX_DETAIL)
                add(_usage((record_id, kind, at, seconds, name, detail)))

    def _take_odd_usage(self, kind: str, raw: Any, parse: Callable[[Any], Row]) -> None:
        content = _canonical(kind, raw)
        try:
            row = parse(raw)
        except BadRow as reason:
            self._quarantine(self._identities.of(content, _UNTIMED), str(reason), raw)
            return
        record_id, at = self._identities.of(content, _order(row.at)), self._moments.corrected(row.at)
        if at < self._earliest:
            self._quarantine(record_id, ANOTHERS, raw)
        else:
            self.report.usage.append(Usage(record_id, kind, at, row.seconds, row.name, row.detail))

    def take_activities(self, found: Sequence[Any], earliest: int) -> None:
        """Claims of active and idle time, none of it from before the Unix second `earliest`."""
        for raw in found:
            content = _canonical("t", raw)
            try:
                row = rows.activity(raw)
            except BadRow as reason:
                self._quarantine(self._identities.of(content, _UNTIMED), str(reason), raw)
                continue
            record_id, at = self._identities.of(content, _order(row.at)), self._moments.corrected(row.at)
            if objection := self._objection(at, row.seconds, earliest):
                self._quarantine(record_id, objection, raw)
            else:
                occupy(self._claimed, second_of(at), row.seconds)
                self.report.activity.append(Activity(record_id, Kind(row.name), at, row.seconds))

    def _objection(self, at: datetime, seconds: int, earliest: int) -> str:
        if len(self.report.activity) == MOST_CLAIMS:
            return TOO_MANY
        if at < self._earliest:
            return ANOTHERS
        # Laid out as they will be counted: claims that are each short enough reach back before the log-in together.
        if reach_back(self._claimed, second_of(at), seconds) < earliest:
            return TOO_LONG
        return ""

    def _quarantine(self, record_id: bytes, reason: str, raw: Any) -> None:
        payload = clean(repr(rows.as_sent(raw)), _KEPT_PAYLOAD)
        self.report.quarantined.append(Quarantined(record_id, reason, payload))


def _canonical(kind: str, raw: Any) -> str:
    if type(raw) is rows.Activity:  # the same as below
        said = f"('duration_seconds', {raw.duration_seconds!r}), ('minute_type', {raw.minute_type!r})"
        return f"?{kind}[('created_at', {raw.created_at!r}), {said}]"
    raw = rows.as_sent(raw)
    return f"?{kind}{sorted(raw.items()) if isinstance(raw, Mapping) else raw!r}"
