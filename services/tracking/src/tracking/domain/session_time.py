"""Which seconds a session covers, of which days, and which of them are its own alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, floor

from tracking.domain.days import days_between
from tracking.domain.spans import Span, Spans, normalise, subtract


@dataclass(frozen=True, slots=True)
class DayPart:
    """Seconds of a company's day, from its midnight: `first` and those before `end`."""

    day: date
    first: int
    end: int


def seconds_of(start: datetime, end: datetime) -> Span:
    """Unix seconds between the two moments; those that begin or end in between are whole."""
    return floor(start.timestamp()), ceil(end.timestamp())


def seconds_alone(session: Span, others: Iterable[Span]) -> Spans:
    """Seconds of a session that none of the others covers."""
    return subtract(normalise([session]), normalise(others))


def day_parts(start: datetime, end: datetime, time_zone: str) -> Iterator[DayPart]:
    """The days between the two moments, oldest first; seconds that begin or end in between are whole."""
    first, last = seconds_of(start, end)
    for day in days_between(first, last, time_zone):
        yield DayPart(day.date, max(first, day.start) - day.start, min(last, day.end) - day.start)
