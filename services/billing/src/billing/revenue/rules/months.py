"""The months of a report, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from billing.subscriptions.rules.dates import next_anniversary
from servicekit.errors import InvalidInput

MAX_MONTHS = 120
YEARS = range(2000, 9000)  # that a report may begin in


@dataclass(frozen=True, slots=True)
class MonthRange:
    """`count` calendar months from `start` on; the last one may be the current month."""

    start: datetime
    count: int

    @classmethod
    def checked(cls, *, year: int, month: int, count: int, now: datetime) -> Self:
        """InvalidInput for an impossible range, and for one that begins after `now`."""
        if year not in YEARS or not 1 <= month <= 12 or count > MAX_MONTHS:
            raise InvalidInput(
                f"Range is invalid: give a year, a month from 1 to 12 and at most {MAX_MONTHS} months.", field="month"
            )
        start = datetime(year, month, 1, tzinfo=UTC)
        if start > now:
            raise InvalidInput(
                f"Range begins in {start:%b %Y}, which is in the future: give an earlier month.", field="month"
            )
        return cls(start, max(count, 1))

    def starts(self, now: datetime) -> list[datetime]:
        """The beginnings of its months, up to `now`."""
        starts = [self.start]
        while len(starts) < self.count and next_anniversary(starts[-1], 1) <= now:
            starts.append(next_anniversary(starts[-1], 1))
        return starts

    def until(self, now: datetime) -> datetime:
        """Its end, exclusive: that of its last month, or `now` if that is earlier."""
        return min(next_anniversary(self.starts(now)[-1], 1), now)
