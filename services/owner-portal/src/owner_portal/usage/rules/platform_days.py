"""All companies together, date by date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from owner_portal.usage.rules.days import change

Measure = Literal["active_seconds", "sessions", "screenshots"]


@dataclass(frozen=True, slots=True)
class PlatformDay:
    """One date of the companies' own calendars; zeros where nobody worked. `is_over`: in every time zone."""

    day: date
    is_over: bool
    companies_active: int
    active_seconds: int
    idle_seconds: int
    sessions: int
    screenshots: int


def change_of_whole_days(days: Sequence[PlatformDay], measure: Measure, length: int) -> float | None:
    """In percent: the last `length` dates that are over against as many before; None from nothing.

    A date that goes on is in neither: it would look like a fall.
    """
    values = [getattr(day, measure) for day in days if day.is_over]
    return change(sum(values[-length:]), sum(values[-2 * length : -length]))
