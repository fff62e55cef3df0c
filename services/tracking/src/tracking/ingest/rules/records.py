"""Records of agents: each is placed in time or refused with a reason, independently of the others.

An agent knows the beginning and end of what it records, so a record names exact seconds, unlike a tracker's sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from uuid import UUID

from tracking.clock.rules.desktop_clocks import PLAUSIBLE_YEARS, TOLERANCE, clock_offset
from tracking.ingest.rules.upload_reader import MAX_CLAIMS
from tracking.totals.rules.timeline import ActivityKind

MAX_CLOCK_OFFSET = timedelta(hours=24)  # a larger clock offset makes the record's time meaningless
MAX_SPAN = timedelta(hours=24)


class Outcome(StrEnum):
    """What became of a record; none of them may be sent again."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Reason(Enum):
    """Why a record is refused, with an explanation."""

    INVALID = "it is not a record as documented"
    CLOCK_SKEW = "the computer's clock is more than a day off; set it"
    IMPOSSIBLE_TIME = "its time cannot be true"
    IN_THE_FUTURE = "it ends in the future"
    BEFORE_ENROLMENT = "it is from before the device was enrolled, so it may be another person's"
    NO_TIME = "it ends before it has lasted a second"
    TOO_LONG = "it lasts more than a day; cut it up"
    SWITCHED_OFF = "the company's policy does not want records of this type"
    UNKNOWN_SESSION = "there is no such session of this person"
    ID_TAKEN = "a session of another person has this id"


class RefusedRecord(Exception):
    """The record will never be accepted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SessionStartRecord:
    """A work session began; the record's id is the session's."""

    record_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class SessionEndRecord:
    """A work session ended."""

    record_id: UUID
    session_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """The person's activity from `start` to before `end`."""

    record_id: UUID
    kind: ActivityKind
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class UseRecord:
    """An application ("a") or a website ("w") in the foreground, from `start` to before `end`."""

    record_id: UUID
    kind: str
    name: str
    detail: str
    start: datetime
    end: datetime


Record = SessionStartRecord | SessionEndRecord | ActivityRecord | UseRecord


class Placing:
    """Places the moments of one request on the gateway's clock, in whole seconds."""

    def __init__(self, *, sent_at: datetime, received_at: datetime, enrolled_at: datetime, known: timedelta) -> None:
        """`sent_at` is the agent's clock at sending; `known`: the clock offset measured before.

        A moment that would be in the future was recorded before the clock was set back.
        """
        self.offset = clock_offset(sent_at, received_at, known=known)
        self.is_possible = abs(self.offset) <= MAX_CLOCK_OFFSET
        self._known = known
        self._latest = received_at + TOLERANCE
        self._earliest = enrolled_at - TOLERANCE

    def moment(self, at: datetime) -> datetime:
        """The moment on the gateway's clock. RefusedRecord: it is impossible."""
        return self._placed(at, self._offset_of(at))

    def _offset_of(self, at: datetime) -> timedelta:
        """The clock offset that applied at that moment."""
        if not self.is_possible:
            raise RefusedRecord(Reason.CLOCK_SKEW)
        if at.year not in PLAUSIBLE_YEARS:
            raise RefusedRecord(Reason.IMPOSSIBLE_TIME)
        return self._known if at + self.offset > self._latest >= at + self._known else self.offset

    def _placed(self, at: datetime, offset: timedelta) -> datetime:
        if at.year not in PLAUSIBLE_YEARS:
            raise RefusedRecord(Reason.IMPOSSIBLE_TIME)
        at = (at + offset).replace(microsecond=0)
        if at > self._latest:
            raise RefusedRecord(Reason.IN_THE_FUTURE)
        if at < self._earliest:
            raise RefusedRecord(Reason.BEFORE_ENROLMENT)
        return at

    def stretch(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Start and end on the gateway's clock. RefusedRecord: the span cannot be counted."""
        offset = self._offset_of(end)
        start, end = self._placed(start, offset), self._placed(end, offset)
        if start >= end:
            raise RefusedRecord(Reason.NO_TIME)
        if end - start > MAX_SPAN:
            raise RefusedRecord(Reason.TOO_LONG)
        return start, end

    def place(self, record: Record) -> Record:
        """The record on the gateway's clock. RefusedRecord: it cannot be placed."""
        if isinstance(record, SessionStartRecord | SessionEndRecord):
            return replace(record, at=self.moment(record.at))
        start, end = self.stretch(record.start, record.end)
        return replace(record, start=start, end=end)


def layers(spans: Sequence[ActivityRecord]) -> list[list[ActivityRecord]]:
    """Distributes the spans over reports that are folded one after the other, active first; no two spans of a report
    overlap.

    The claims of one report displace each other where they overlap. Spans name exact seconds, so overlapping spans are
    folded in different reports, and a second that is named twice counts once.
    """
    result: list[list[ActivityRecord]] = []
    for kind in ActivityKind:
        of_kind: list[list[ActivityRecord]] = []
        for span in sorted((span for span in spans if span.kind is kind), key=lambda span: span.start):
            free = (layer for layer in of_kind if layer[-1].end <= span.start and len(layer) < MAX_CLAIMS)
            layer = next(free, None)
            if layer is None:
                of_kind.append([span])
            else:
                layer.append(span)
        result += of_kind
    return result
