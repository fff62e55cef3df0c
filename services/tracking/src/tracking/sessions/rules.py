"""Until when a session goes, which seconds it covers, and which of them are its own alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from tracking.clock.rules.spans import Span, Spans, normalise, subtract

BY_TRACKER = "TRACKER"
LONGEST_LAG = timedelta(seconds=90)  # of signs of life: agents give one each minute or so, stored within ten seconds


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of how long a session was recorded."""

    started_at: datetime
    seen_until: datetime  # its end, or its last sign of life, which may be a record of its device
    ended_by: str | None  # TRACKER, ADMIN, SILENCE or NEXT; None: it is open
    next_start: datetime | None  # of the next session of the same device


def likely_end(course: Course, now: datetime) -> datetime:
    """Until when it may have been recorded: if it is open until now, else not long after its signs.

    What its tracker ended was over then, and any was when the same device began its next.
    """
    if course.ended_by == BY_TRACKER:
        return course.seen_until
    latest = now if course.ended_by is None else min(now, course.seen_until + LONGEST_LAG)
    return max(course.seen_until, min(latest, course.next_start or latest))


def seconds_of(start: datetime, end: datetime) -> Span:
    """Unix seconds between the two moments; those that begin or end in between are whole."""
    return floor(start.timestamp()), ceil(end.timestamp())


def seconds_alone(session: Span, others: Iterable[Span]) -> Spans:
    """Seconds of a session that none of the others covers."""
    return subtract(normalise([session]), normalise(others))
