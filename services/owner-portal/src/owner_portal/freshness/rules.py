"""How old what a page shows may be: the sources that the portal follows, and remembered answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

STALE_AFTER = timedelta(seconds=15)
T = TypeVar("T")
KEPT_FOR = timedelta(days=30)  # an answer nobody has looked at for longer is forgotten


class Source(StrEnum):
    """One list the portal follows; each has a cursor of its own."""

    COMPANIES = "companies"
    SYNC_TIMES = "sync_times"
    SUBSCRIPTIONS = "subscriptions"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """The numbers of the feed are being put together anew: so many of its messages are read, out of so many."""

    read: int
    all: int

    @property
    def percent(self) -> int:
        """Whole percents; never 100, for the last steps come after the last message."""
        return min(99, 100 * self.read // self.all) if self.all else 99


@dataclass(frozen=True, slots=True)
class SourceState:
    """Until when the portal is sure to know everything of a source; None: it has never answered."""

    source: Source
    confirmed_at: datetime | None
    rebuild: Rebuild | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not as of now on the page: what it shows, and since when its service does not answer.

    With `percent` it answers, but is being put together anew and so far done.
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


def gaps(states: Iterable[SourceState], now: datetime) -> list[Gap]:
    """The services that have not confirmed what the portal shows for longer than STALE_AFTER, and a rebuild."""
    known = {state.source: state for state in states}
    found = []
    for service, (sources, shows) in _SERVICES.items():
        held = [known[source] for source in sources if source in known]
        times = [state.confirmed_at for state in held if state.confirmed_at is not None]
        oldest = min(times) if len(times) == len(sources) else None
        if oldest is None or now - oldest > STALE_AFTER:
            found.append(Gap(service, shows, oldest))
        found += [Gap(service, shows, oldest, state.rebuild.percent) for state in held if state.rebuild]
    return found


@dataclass(frozen=True, slots=True)
class Remembered(Generic[T]):
    """`value` is the answer as of `as_of`; both are None when the service is away and has never been heard.

    `fresh`: it answered just now. Otherwise `problem` says in a sentence who does not answer.
    """

    value: T | None
    as_of: datetime | None
    fresh: bool
    problem: str = ""
