"""How long a session lasts, which seconds it covers, and which of them no other session has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from tracking.clock.rules.spans import Span, Spans, normalise, subtract

BY_TRACKER = "TRACKER"
SESSION_TIMEOUT = timedelta(minutes=5)  # a session without a heartbeat for so long ends; a tracker polls each 10 s
MAX_HEARTBEAT_DELAY = timedelta(seconds=90)  # agents send one about every minute, stored within ten seconds


@dataclass(frozen=True, slots=True)
class SessionCourse:
    """What is known about the length of a session."""

    started_at: datetime
    seen_until: datetime  # its end or its last heartbeat, which may be a record of its device
    ended_by: str | None  # TRACKER, ADMIN, SILENCE or NEXT; None: it is open
    next_start: datetime | None  # of the device's next session


def likely_end(course: SessionCourse, now: datetime) -> datetime:
    """Until when it may have lasted: an open one until now, another one shortly after its last heartbeat.

    A session that its tracker ended was over then, and any was when its device began the next.
    """
    if course.ended_by == BY_TRACKER:
        return course.seen_until
    latest = now if course.ended_by is None else min(now, course.seen_until + MAX_HEARTBEAT_DELAY)
    return max(course.seen_until, min(latest, course.next_start or latest))


def seconds_of(start: datetime, end: datetime) -> Span:
    """The Unix seconds between two moments; those at the ends count as whole."""
    return floor(start.timestamp()), ceil(end.timestamp())


def seconds_alone(session: Span, others: Iterable[Span]) -> Spans:
    """The seconds of a session that no other session covers."""
    return subtract(normalise([session]), normalise(others))
