"""What a period costs when the price changes on the way: exactly, and rounded once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from billing.subscriptions.rules.dates import next_anniversary

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Charge:
    """The charged part of a period, from `since` minus what is accrued to `until`.

    A price is spread evenly over the microseconds of the charged part, whatever the length of its month. `accrued` is
    what the time from `started_at` to `since` costs, in minor units × microseconds: an exact integer. Amounts are
    running totals of the period, rounded half up; what a change charges or credits is the difference of two such
    totals. So the lines of a period always add up to its exact time-weighted price, rounded once, however often the
    plan changed.
    """

    started_at: datetime
    until: datetime
    since: datetime
    accrued: int
    billing_day: int  # of the month, 1 to 31: where the following periods end

    def __post_init__(self) -> None:
        if not (self.started_at <= self.since <= self.until and self.started_at < self.until and self.accrued >= 0):
            raise ValueError("a charged part has a length, and what is accrued lies within it")

    @classmethod
    def month(cls, start: datetime, billing_day: int) -> Self:
        """A whole month from `start` on, nothing of it spent yet."""
        return cls(start, next_anniversary(start, billing_day), since=start, accrued=0, billing_day=billing_day)

    def spent(self, price: int, at: datetime) -> Self:
        """The same after `price` held until `at`."""
        until = min(max(at, self.since), self.until)
        return replace(self, since=until, accrued=self.accrued + price * ((until - self.since) // _MICROSECOND))

    def so_far(self) -> int:
        """Minor units that the time before `since` costs."""
        return self._rounded(self.accrued)

    def total(self, price: int) -> int:
        """Minor units that all of it costs when `price` holds to its end."""
        return self._rounded(self.accrued + price * ((self.until - self.since) // _MICROSECOND))

    def _rounded(self, exact: int) -> int:
        length = (self.until - self.started_at) // _MICROSECOND
        return (2 * exact + length) // (2 * length)
