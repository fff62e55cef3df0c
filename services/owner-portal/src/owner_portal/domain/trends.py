"""The platform over time."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PlatformDay:
    """All companies together on one date of their own calendars; zeros where nobody worked."""

    day: date
    companies_active: int
    active_seconds: int
    idle_seconds: int
    sessions: int
    screenshots: int
