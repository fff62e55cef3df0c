"""How long screenshots are kept. After a reduction, the older ones are kept for a grace period of one day.

Within that day the reduction can be undone, whatever caused it: another plan, another plan version, or its end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

GRACE = timedelta(hours=24)
UNRECORDED_DAYS = 36_500  # days: the retention before it was first recorded


@dataclass(frozen=True, slots=True)
class Retention:
    """Screenshots are kept for `days`; from `shortened_at` + GRACE on for `next_days`, if both are set."""

    days: int
    next_days: int | None = None
    shortened_at: datetime | None = None

    @property
    def kept_for(self) -> timedelta:
        """Screenshots older than this are removed."""
        return timedelta(days=self.days)

    @property
    def removes_from(self) -> datetime | None:
        """When the grace period ends; None if there is none."""
        return self.shortened_at + GRACE if self.shortened_at else None


def follow(known: Retention | None, days: int, now: datetime) -> Retention:
    """The retention after the plan is found to grant `days`. `known`: the recorded retention, None if there is none."""
    before = known or Retention(UNRECORDED_DAYS)
    if days >= before.days:
        return Retention(days)
    if days != before.next_days or before.removes_from is None:
        return Retention(before.days, days, now)
    return Retention(days) if now >= before.removes_from else before
