"""Which seconds of which days a session covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil, floor

from tracking.domain.days import days_between


@dataclass(frozen=True, slots=True)
class DayPart:
    """Seconds of a company's day, from its midnight: `first` and those before `end`."""

    day: date
    first: int
    end: int


def day_parts(start: datetime, end: datetime, time_zone: str) -> Iterator[DayPart]:
    """The days between the two moments, oldest first; seconds that begin or end in between are whole."""
    first, last = floor(start.timestamp()), ceil(end.timestamp())
    for day in days_between(first, last, time_zone):
        yield DayPart(day.date, max(first, day.start) - day.start, min(last, day.end) - day.start)
