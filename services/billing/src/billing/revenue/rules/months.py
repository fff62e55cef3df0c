"""The months that a report is about, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from billing.subscriptions.rules.dates import next_anniversary
from servicekit.errors import InvalidInput

MOST_MONTHS = 120
YEARS = range(2000, 9000)  # of reports


@dataclass(frozen=True, slots=True)
class MonthRange:
    """`count` months from the first of one; the last may be under way."""

    start: datetime
    count: int

    @classmethod
    def checked(cls, *, year: int, month: int, count: int, now: datetime) -> Self:
        """InvalidInput when there is no such range, or when it begins later than `now`."""
        if year not in YEARS or not 1 <= month <= 12 or count > MOST_MONTHS:
            raise InvalidInput(f"Range is none: give a year, a month from 1 to 12 and at most {MOST_MONTHS} months.")
        start = datetime(year, month, 1, tzinfo=UTC)
        if start > now:
            raise InvalidInput(f"Range begins in {start:%b %Y}, which lies ahead: nothing is known of it.")
        return cls(start, max(count, 1))

    def starts(self, now: datetime) -> list[datetime]:
        """Where each of its months begins that is not later than `now`."""
        starts = [self.start]
        while len(starts) < self.count and next_anniversary(starts[-1], 1) <= now:
            starts.append(next_anniversary(starts[-1], 1))
        return starts

    def until(self, now: datetime) -> datetime:
        """Its end, exclusive: that of its last month, or `now` when that comes first."""
        return min(next_anniversary(self.starts(now)[-1], 1), now)
