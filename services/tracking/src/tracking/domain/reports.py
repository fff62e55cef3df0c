"""A tracker's upload made safe: every row is taken, repaired where it can be, or quarantined with its reason.

One refused row would block all later ones of that desktop for ever, so no content is ever an error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from tracking.domain import rows
from tracking.domain.daybook import second_of
from tracking.domain.rows import BadRow, Row
from tracking.domain.spans import Spans, latest_free, union
from tracking.domain.timeline import Kind

TOLERANCE = timedelta(seconds=5)  # of clocks that are said to be right
MOST_CLAIMS = 1_000  # of one upload; a tracker has two for each session of its desktop
_KEPT_PAYLOAD = 2000
_ACTIVITY = "t"
_PARSERS: Mapping[str, Callable[[Any], Row]] = {"a": rows.application, "w": rows.website, _ACTIVITY: rows.activity}


@dataclass(frozen=True, slots=True)
class Usage:
    """One stretch of an application's or website's use."""

    record_id: UUID
    kind: str  # "a" application, "w" website
    at: datetime
    seconds: int
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Activity:
    """One pre-summed claim: `seconds` ticks of a kind, the newest at `at`."""

    record_id: UUID
    kind: Kind
    at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that counts nowhere, kept with the reason."""

    record_id: UUID
    reason: str
    payload: str


@dataclass(slots=True)
class Report:
    """One upload after repair."""

    usage: list[Usage] = field(default_factory=list)
    activity: list[Activity] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)

    def quarantine(self, record_id: UUID, reason: str, raw: Any) -> None:
        """Keeps a row aside."""
        self.quarantined.append(Quarantined(record_id, reason, rows.clean(repr(raw), _KEPT_PAYLOAD)))

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
    """
    report = Report()
    claimed: Spans = []
    lists = {"a": applications, "w": websites, _ACTIVITY: activities}
    for record_id, kind, raw, row in _parse(employee_id, lists):
        if isinstance(row, BadRow):
            report.quarantine(record_id, str(row), raw)
            continue
        if kind == _ACTIVITY and len(report.activity) == MOST_CLAIMS:
            report.quarantine(record_id, "one of too many claims at once", raw)
            continue
        # No desktop knows the future: its clock has moved since the offset was measured, and this row is new.
        at = received_at if row.at is None else min(row.at + clock_offset, received_at + TOLERANCE)
        # Laid out as they will be counted: claims that are each short enough reach back before the log-in together.
        claim = latest_free(claimed, second_of(at), row.seconds) if kind == _ACTIVITY else []
        if reason := _objection(at, claim, logged_in_at):
            report.quarantine(record_id, reason, raw)
        elif kind == _ACTIVITY:
            claimed = union(claimed, claim)
            report.activity.append(Activity(record_id, Kind(row.name), at, row.seconds))
        else:
            report.usage.append(Usage(record_id, kind, at, row.seconds, row.name, row.detail))
    return report


def _objection(at: datetime, claim: Spans, logged_in_at: datetime) -> str:
    if at < logged_in_at - TOLERANCE:
        return "older than the log-in: another person's"
    if claim and claim[0][0] < second_of(logged_in_at - 2 * TOLERANCE):
        return "longer than the time since the log-in"
    return ""


def _parse(employee_id: UUID, lists: Mapping[str, Sequence[Any]]) -> Iterator[tuple[UUID, str, Any, Row | BadRow]]:
    """Each row with its identity: its content and its ordinal among identical rows of the same upload.

    The session is not part of it: two threads of a tracker may post the same rows under two sessions.
    """
    seen: dict[bytes, int] = {}
    for kind, raws in lists.items():
        for raw in raws:
            content = f"{kind}{_canonical(raw)}".encode("utf-8", "surrogatepass")
            ordinal = seen[content] = seen.get(content, -1) + 1
            salt = ordinal.to_bytes(16, "big")
            record_id = UUID(bytes=blake2b(content, digest_size=16, key=employee_id.bytes, salt=salt).digest())
            try:
                yield record_id, kind, raw, _PARSERS[kind](raw)
            except BadRow as reason:
                yield record_id, kind, raw, reason


def _canonical(raw: Any) -> str:
    return repr(sorted(raw.items())) if isinstance(raw, Mapping) else repr(raw)
