"""For how long screenshots are kept. When it becomes shorter, what is then too old is kept for another day.

A plan can be changed back within that day, whatever shortened the time: another plan, another version, its end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

GRACE = timedelta(hours=24)
EVER = 36_500  # days: what was kept before anybody noted for how long


@dataclass(frozen=True, slots=True)
class Retention:
    """Screenshots are kept for `days`; from `shortened_at` + GRACE on for `next_days`, where both are given."""

    days: int
    next_days: int | None = None
    shortened_at: datetime | None = None

    @property
    def kept_for(self) -> timedelta:
        """Older screenshots are removed."""
        return timedelta(days=self.days)

    @property
    def removes_from(self) -> datetime | None:
        """When the grace is over; None where none runs."""
        return self.shortened_at + GRACE if self.shortened_at else None


def follow(known: Retention | None, days: int, now: datetime) -> Retention:
    """The retention once the plan is seen to give `days`. `known`: as it was before, None where it never was noted."""
    before = known or Retention(EVER)
    if days >= before.days:
        return Retention(days)
    if days != before.next_days or before.removes_from is None:
        return Retention(before.days, days, now)
    return Retention(days) if now >= before.removes_from else before
