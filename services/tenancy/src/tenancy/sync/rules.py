"""Heartbeats of companies' trackers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from servicekit.errors import InvalidInput

MOST_TIMES = 10_000
CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SyncTime:
    """When a company's trackers were heard of last."""

    company_id: UUID
    at: datetime


def latest_times(times: Iterable[SyncTime], now: datetime) -> dict[UUID, datetime]:
    """The latest time of each company."""
    latest: dict[UUID, datetime] = {}
    for time in times:
        at = not_after(now, time.at)
        latest[time.company_id] = max(at, latest.get(time.company_id, at))
    return latest


def not_after(now: datetime, at: datetime) -> datetime:
    """`at`, unless it lies in the future.

    A reporter's clock may be a little ahead; a time further in the future would outlast all true ones and becomes now.
    """
    return now if at > now + CLOCK_TOLERANCE else at


def check_count(count: int) -> None:
    """InvalidInput when a report has more times than are taken at once."""
    if count > MOST_TIMES:
        raise InvalidInput(f"times has {count} entries: report at most {MOST_TIMES} at once")
