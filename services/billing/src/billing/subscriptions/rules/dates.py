"""Anniversaries of billing periods, and dates in messages. All in UTC."""

from calendar import monthrange
from datetime import datetime


def next_anniversary(moment: datetime, day: int) -> datetime:
    """The same time of day in the next calendar month, on `day` or on the last day of a shorter month.

    With day 31: 31 January, 28 or 29 February, 31 March.
    """
    year, month = moment.year + moment.month // 12, moment.month % 12 + 1
    return moment.replace(year=year, month=month, day=min(day, monthrange(year, month)[1]))


def day(moment: datetime) -> str:
    """The date in the form 3 May 2026."""
    return f"{moment.day} {moment:%b %Y}"
