"""Time as columns and bars. They repeat the text beside them, so nothing is lost without them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

MONDAY = 0
ROOM_OF_LABEL = 3  # columns that a label spans, its own included


class Worked(Protocol):
    """Time of a day or of a person."""

    @property
    def active_seconds(self) -> int: ...

    @property
    def idle_seconds(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Column:
    """One day; the heights are in percent of the chart's."""

    day: date
    active_seconds: int
    idle_seconds: int
    active_height: float
    idle_height: float
    is_labelled: bool


def longest(worked: Iterable[Worked]) -> int:
    """The largest number of seconds of any of them, at least 1: the length of a full bar."""
    return max((one.active_seconds + one.idle_seconds for one in worked), default=0) or 1


def chart(days: Mapping[date, Worked], first: date, last: date) -> list[Column]:
    """A column for each day from the first to the last, including empty ones; Mondays are labelled."""
    most = longest(days.values())
    columns = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        worked = days.get(day)
        active, idle = (worked.active_seconds, worked.idle_seconds) if worked else (0, 0)
        has_room = day + timedelta(days=ROOM_OF_LABEL - 1) <= last
        columns.append(
            Column(
                day,
                active,
                idle,
                active_height=round(100 * active / most, 1),
                idle_height=round(100 * idle / most, 1),
                is_labelled=day.weekday() == MONDAY and has_room,
            )
        )
    return columns
