"""Where the portal's knowledge comes from, and how old it may be before the owner is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

STALE_AFTER = timedelta(seconds=15)


class Source(StrEnum):
    """One list the portal follows; each has a cursor of its own."""

    COMPANIES = "companies"
    SYNC_TIMES = "sync_times"
    SUBSCRIPTIONS = "subscriptions"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class SourceState:
    """Until when the portal is sure to know everything of a source; None: it has never answered."""

    source: Source
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that does not answer, what is therefore old on the page, and since when."""

    service: str
    shows: str
    since: datetime | None


_SERVICES = {
    "Tenancy": ({Source.COMPANIES, Source.SYNC_TIMES}, "names, contacts, suspensions and last syncs"),
    "Billing": ({Source.SUBSCRIPTIONS}, "plans, limits and subscription status"),
    "The usage feed": ({Source.USAGE}, "minutes, sessions, screenshots and storage"),
}


def gaps(states: Iterable[SourceState], now: datetime) -> list[Gap]:
    """The services that have not confirmed what the portal shows for longer than STALE_AFTER."""
    confirmed = {state.source: state.confirmed_at for state in states}
    found = []
    for service, (sources, shows) in _SERVICES.items():
        times = [confirmed.get(source) for source in sources]
        oldest = None if None in times else min(time for time in times if time is not None)
        if oldest is None or now - oldest > STALE_AFTER:
            found.append(Gap(service, shows, oldest))
    return found
