"""Heartbeats of companies' trackers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from servicekit.errors import InvalidInput

MAX_TIMES = 10_000
CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SyncTime:
    """The last heartbeat of a company's trackers."""

    company_id: UUID
    at: datetime


def latest_times(times: Iterable[SyncTime], now: datetime) -> dict[UUID, datetime]:
    """The latest time of each company; times in the future become `now`."""
    latest: dict[UUID, datetime] = {}
    for time in times:
        at = not_after(now, time.at)
        latest[time.company_id] = max(at, latest.get(time.company_id, at))
    return latest


def not_after(now: datetime, at: datetime) -> datetime:
    """`at`, or `now` when `at` is in the future.

    A reporter's clock may be a little ahead. A time further in the future would exceed all true times.
    """
    return now if at > now + CLOCK_TOLERANCE else at


def check_count(count: int) -> None:
    """InvalidInput for more times than one report may have."""
    if count > MAX_TIMES:
        raise InvalidInput(f"times has {count} entries: report at most {MAX_TIMES} at once", field="times")
