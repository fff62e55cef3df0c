"""Reads one upload: assigns every row to a person and a time, repairs it or quarantines it with a reason.

A refused row would block all later rows of its desktop, so no content of a row is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from text_rules.lines import clean_reported
from tracking.clock.rules.desktop_clocks import TOLERANCE
from tracking.clock.rules.spans import Spans, cover, reach_back
from tracking.clock.rules.unix_time import SECOND, microsecond_of, microseconds, second_of
from tracking.ingest.rules import rows
from tracking.ingest.rules.rows import MAX_DETAIL, MAX_NAME, MAX_SECONDS, BadRow, Row
from tracking.totals.rules.timeline import ActivityKind

_TOLERANCE = microseconds(TOLERANCE)
MAX_CLAIMS = 1_000  # of one upload; a tracker has two for each session of its desktop
BEFORE_LOG_IN = "older than the log-in: another person's"
TOO_MANY = "one of too many claims at once"
TOO_LONG = "longer than the time since the log-in"
_KEPT_PAYLOAD = 2000
_VERSION_7 = b"\x70\0\x80"  # and the variant, in their positions
_UNTIMED = bytes(6) + _VERSION_7
_APPLICATION = attrgetter("app_name", "window_title", "active_seconds", "created_at")
_WEBSITE = attrgetter("domain", "url", "active_seconds", "created_at")


class UsageSpan(NamedTuple):
    """One span of use of an application or a website."""

    record_id: bytes  # 16 bytes, as of a UUID
    kind: str  # "a" application, "w" website
    at: int  # Unix time in microseconds
    seconds: int
    name: str
    detail: str


_usage: Callable[[tuple[bytes, str, int, int, str, str]], UsageSpan] = partial(
    tuple.__new__, UsageSpan
)  # at half the cost


class ActivityClaim(NamedTuple):
    """One activity claim: `seconds` ticks of one kind, the newest at `at`."""

    record_id: bytes
    kind: ActivityKind
    at: int  # Unix time in microseconds
    seconds: int


class Quarantined(NamedTuple):
    """A row that is not counted, kept with the reason."""

    record_id: bytes
    reason: str
    payload: str


@dataclass(slots=True)
class Report:
    """One upload after repair."""

    usage: list[UsageSpan] = field(default_factory=list)
    activity: list[ActivityClaim] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    before: list[tuple[bytes, int]] = field(default_factory=list)  # claims from before the log-in: id, moment
    received: int = 0  # Unix time in microseconds
    ahead: int | None = None  # the latest tick in the future, as the desktop's clock showed it

    def __len__(self) -> int:
        return len(self.usage) + len(self.activity) + len(self.quarantined)


class UploadReader:
    """Reads the uploads of one device. It is created once, since most uploads have few rows."""

    __slots__ = ("earliest", "earliest_tick", "identity", "offset", "other_offset")

    def __init__(
        self,
        employee_id: UUID,
        *,
        logged_in_at: datetime,
        clock_offset: timedelta,
        offset_before: timedelta | None = None,
    ) -> None:
        """`clock_offset`: the device's clock offset; `offset_before`: the previous one, if the clock was set among the
        rows.

        Rows from before the log-in belong to another person.
        """
        self.identity = blake2b(employee_id.bytes, digest_size=7)  # the beginning of every row's identity
        self.earliest = microsecond_of(logged_in_at - TOLERANCE)
        self.earliest_tick = second_of(logged_in_at - 2 * TOLERANCE)
        offsets = clock_offset, clock_offset if offset_before is None else offset_before
        # With the larger offset, a row of the other clock lies in the future: so each row shows which clock it is of.
        self.offset, self.other_offset = microseconds(max(offsets)), microseconds(min(offsets))

    def read(
        self,
        *,
        applications: Sequence[Any],
        websites: Sequence[Any],
        activities: Sequence[Any],
        received_at: datetime,
    ) -> Report:
        """Reads the rows of one upload.

        A row is one of the row types of `rows`, or, if its types are unexpected, as it came.
        """
        reading = _Reading(self, microsecond_of(received_at))
        if applications:
            reading.take_usage("a", applications, rows.ApplicationRow, _APPLICATION, rows.application)
        if websites:
            reading.take_usage("w", websites, rows.WebsiteRow, _WEBSITE, rows.website)
        if activities:
            reading.take_activities(activities)
        return reading.report


@lru_cache(maxsize=8192)  # desktops that upload at the same time name the same seconds
def _said(created_at: str | None) -> tuple[int | None, bytes]:
    """A row's time, and the beginning of its identity. BadRow: it is no time."""
    at = rows.moment(created_at)
    return at, _order(at)


@lru_cache(maxsize=8192)
def _order(at: int | None) -> bytes:
    """The beginning of the identity of a row with this time."""
    return _UNTIMED if at is None else (at // 1000).to_bytes(6, "big") + _VERSION_7


class _Reading:
    """A report under construction. Moments are Unix time in microseconds."""

    __slots__ = ("_latest", "_reader", "_received", "_seen", "report")

    def __init__(self, reader: UploadReader, received: int) -> None:
        self.report = Report([], [], [], [], received)
        self._reader = reader
        self._received = received
        # Later rows are new rows of a clock that was set forward since the offset was measured.
        self._latest = received + _TOLERANCE
        self._seen: dict[bytes, int] = {}

    def _identify(self, content: str, order: bytes) -> bytes:
        """A row's identity: its content, and its ordinal among identical rows of the same upload.

        The session is not part of it: two threads of a tracker may post the same rows under two sessions. The identity
        is a UUIDv7 whose first bits are the desktop's milliseconds, so that a person's rows can be found by their time.
        """
        hasher = self._reader.identity.copy()
        try:
            hasher.update(content.encode())
        except UnicodeEncodeError:
            hasher.update(content.encode("utf-8", "surrogatepass"))
        identity = hasher.digest()
        if identity in self._seen:
            ordinal = self._seen[identity] = self._seen[identity] + 1
            identity = blake2b(identity, digest_size=7, salt=ordinal.to_bytes(16, "big")).digest()
        else:
            self._seen[identity] = 0
        return order + identity

    def take_usage(
        self,
        kind: str,
        found: Sequence[Any],
        regular: type[Any],
        fields: Callable[[Any], tuple[str, str | None, int, str | None]],
        parse: Callable[[Any], Row],
    ) -> None:
        """Reads applications or websites. `fields` of a `regular` row are its name, detail, seconds and time."""
        identify, add = self._identify, self.report.usage.append
        offset, latest, earliest = self._reader.offset, self._latest, self._reader.earliest
        for raw in found:
            if type(raw) is not regular:
                self._take_odd_usage(kind, raw, parse)
                continue
            name, detail, seconds, text = fields(raw)
            content = f"{kind}{seconds} {text!r} {len(name)} {name}{'' if detail is None else '=' + detail}"
            try:
                said, order = _said(text)
            except BadRow as reason:
                self._quarantine(identify(content, _UNTIMED), str(reason), raw)
                continue
            record_id = identify(content, order)
            at = self._received if said is None else said + offset
            if at > latest and said is not None:
                at = self._not_ahead(said)
            if not 0 <= seconds <= MAX_SECONDS:
                self._quarantine(record_id, rows.IMPOSSIBLE_DURATION, raw)
            elif at < earliest:
                self._quarantine(record_id, BEFORE_LOG_IN, raw)
            else:
                if len(name) > MAX_NAME or not name.isprintable():
                    name = clean_reported(name, MAX_NAME)
                if detail is None:
                    detail = ""
                elif len(detail) > MAX_DETAIL or not detail.isprintable():
                    detail = clean_reported(detail, MAX_DETAIL)
                add(_usage((record_id, kind, at, seconds, name, detail)))

    def _take_odd_usage(self, kind: str, raw: Any, parse: Callable[[Any], Row]) -> None:
        content = _canonical(kind, raw)
        try:
            row = parse(raw)
        except BadRow as reason:
            self._quarantine(self._identify(content, _UNTIMED), str(reason), raw)
            return
        record_id, at = self._identify(content, _order(row.at)), self._corrected(row.at)
        if at < self._reader.earliest:
            self._quarantine(record_id, BEFORE_LOG_IN, raw)
        else:
            self.report.usage.append(UsageSpan(record_id, kind, at, row.seconds, row.name, row.detail))

    def take_activities(self, found: Sequence[Any]) -> None:
        """Reads claims of active and idle time; those from before the log-in are kept apart."""
        claimed: Spans = []
        for raw in found:
            content = _canonical("t", raw)
            try:
                row = rows.activity(raw)
            except BadRow as reason:
                self._quarantine(self._identify(content, _UNTIMED), str(reason), raw)
                continue
            record_id, at = self._identify(content, _order(row.at)), self._corrected(row.at)
            if row.at is not None and row.at + self._reader.other_offset > self._latest:
                self.report.ahead = row.at if self.report.ahead is None else max(self.report.ahead, row.at)
            end = at // SECOND
            if len(self.report.activity) == MAX_CLAIMS:
                self._quarantine(record_id, TOO_MANY, raw)
            elif at < self._reader.earliest:
                self._quarantine(record_id, BEFORE_LOG_IN, raw)
                self.report.before.append((record_id, at))
            # Laid out as they will be counted: short claims together may reach back before the log-in.
            elif (start := reach_back(claimed, end, row.seconds)) < self._reader.earliest_tick:
                self._quarantine(record_id, TOO_LONG, raw)
                self.report.before.append((record_id, at))
            else:
                cover(claimed, start, end)
                self.report.activity.append(ActivityClaim(record_id, row.kind, at, row.seconds))

    def _corrected(self, at: int | None) -> int:
        if at is None:
            return self._received
        corrected = at + self._reader.offset
        return corrected if corrected <= self._latest else self._not_ahead(at)

    def _not_ahead(self, said: int) -> int:
        """The time of a row that lies in the future: by the other clock offset, or else now.

        Now, not the latest tolerated moment, or what is recorded next would find its seconds taken.
        """
        at = said + self._reader.other_offset
        return at if at <= self._latest else self._received

    def _quarantine(self, record_id: bytes, reason: str, raw: Any) -> None:
        payload = clean_reported(repr(rows.as_sent(raw)), _KEPT_PAYLOAD)
        self.report.quarantined.append(Quarantined(record_id, reason, payload))


def _canonical(kind: str, raw: Any) -> str:
    if type(raw) is rows.ActivityRow:  # the same as below
        said = f"('duration_seconds', {raw.duration_seconds!r}), ('minute_type', {raw.minute_type!r})"
        return f"?{kind}[('created_at', {raw.created_at!r}), {said}]"
    raw = rows.as_sent(raw)
    return f"?{kind}{sorted(raw.items()) if isinstance(raw, Mapping) else raw!r}"


class Stored(NamedTuple):
    """The number of rows that are stored, and how many of them are quarantined."""

    rows: int
    quarantined: int
