"""Days go from midnight to midnight in the company's time zone, so their length changes where clocks do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class CompanyDay:
    """One day; `start` and `end` are Unix seconds."""

    date: date
    start: int
    end: int


@lru_cache(maxsize=4096)
def company_day(day: date, time_zone: str) -> CompanyDay:
    """The day in the time zone (IANA name)."""
    zone = ZoneInfo(time_zone)
    bounds = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (day, day + timedelta(days=1)))
    start, end = (int(bound.timestamp()) for bound in bounds)
    return CompanyDay(day, start, end)


def day_of(moment: datetime, time_zone: str) -> date:
    """The date at that moment in the time zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def days_between(start: int, end: int, time_zone: str) -> Iterator[CompanyDay]:
    """The days that the span of Unix seconds touches, oldest first."""
    day = day_of(datetime.fromtimestamp(start, UTC), time_zone)
    while (found := company_day(day, time_zone)).start < end:
        yield found
        day += timedelta(days=1)
