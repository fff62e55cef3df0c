"""The sources of the data on pages, how old it may be, and cached answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

STALE_AFTER = timedelta(seconds=15)
T = TypeVar("T")
KEPT_FOR = timedelta(days=30)  # cached answers that were not refreshed for longer are deleted


class Source(StrEnum):
    """A source that the portal follows with a cursor of its own."""

    COMPANIES = "companies"
    SYNC_TIMES = "sync_times"
    SUBSCRIPTIONS = "subscriptions"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The progress of a rebuild: messages read, out of all messages of the feed."""

    read: int
    all: int

    @property
    def percent(self) -> int:
        """Whole percents; at most 99, because steps follow the last message."""
        return min(99, 100 * self.read // self.all) if self.all else 99


@dataclass(frozen=True, slots=True)
class SourceState:
    """The moment up to which a source was confirmed to be complete; None: it has never responded."""

    source: Source
    confirmed_at: datetime | None
    rebuild: Rebuild | None = None


@dataclass(frozen=True, slots=True)
class DataGap:
    """Data on a page that is missing or stale, and since when its service does not respond.

    With `percent` the service responds and the data is being rebuilt.
    """

    service: str
    shows: str
    since: datetime | None
    percent: int | None = None


_SERVICES = {
    "Tenancy": ({Source.COMPANIES, Source.SYNC_TIMES}, "names, contacts, suspensions and last syncs"),
    "Billing": ({Source.SUBSCRIPTIONS}, "plans, limits and subscription status"),
    "The usage feed": ({Source.USAGE}, "minutes, sessions, screenshots and storage"),
}


def gaps(states: Iterable[SourceState], now: datetime) -> list[DataGap]:
    """The services that have not confirmed their data for longer than STALE_AFTER, and a running rebuild."""
    known = {state.source: state for state in states}
    found = []
    for service, (sources, shows) in _SERVICES.items():
        held = [known[source] for source in sources if source in known]
        times = [state.confirmed_at for state in held if state.confirmed_at is not None]
        oldest = min(times) if len(times) == len(sources) else None
        if oldest is None or now - oldest > STALE_AFTER:
            found.append(DataGap(service, shows, oldest))
        found += [DataGap(service, shows, oldest, state.rebuild.percent) for state in held if state.rebuild]
    return found


@dataclass(frozen=True, slots=True)
class CachedAnswer(Generic[T]):
    """`value` is the answer as of `as_of`; both are None if the service has never responded.

    `fresh`: it responded just now. Otherwise `problem` names the service that does not respond.
    """

    value: T | None
    as_of: datetime | None
    fresh: bool
    problem: str = ""
