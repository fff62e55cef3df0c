"""Anniversaries of periods, and days as messages to people write them. All in UTC."""

from calendar import monthrange
from datetime import datetime


def next_anniversary(moment: datetime, day: int) -> datetime:
    """The same time of day in the next calendar month, on its `day` or, when it is shorter, on its last day.

    With day 31: 31 January, 28 or 29 February, 31 March.
    """
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    return moment.replace(year=year, month=month, day=min(day, monthrange(year, month)[1]))


def day(moment: datetime) -> str:
    """3 May 2026."""
    return f"{moment.day} {moment:%b %Y}"
