"""Which alerts the page lists: everything that stands in its URL; and what it shows of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from owner_portal.alerts.rules.alerts import Kind, Stage, State

PAGE_SIZE = 50
ALL = "ALL"
STATES = (*(state.value for state in State), ALL)

TITLES: Mapping[Kind, str] = {
    Kind.SILENT: "Gone silent",
    Kind.TRIAL_ENDING: "Trial ends",
    Kind.EXPIRING: "Subscription ends",
    Kind.PAST_DUE: "Payment missing",
    Kind.EXPIRED: "Access ended",
    Kind.SEATS: "Seats",
    Kind.STORAGE: "Storage",
}

SENTENCES: Mapping[Kind, str] = {
    Kind.SILENT: "Nothing has come since {last_seen}: longer than this company's rhythm of the last eight weeks.",
    Kind.TRIAL_ENDING: "The trial ends on {expires_at}.",
    Kind.EXPIRING: "The subscription ends on {expires_at} and does not renew itself.",
    Kind.PAST_DUE: "A payment is missing. Access ends on {expires_at}.",
    Kind.EXPIRED: "Access ended on {expires_at}. Renew the subscription or close the company.",
    Kind.SEATS: "{seats_used} of {seats_limit} seats are taken.",
    Kind.STORAGE: "{storage_used} of {storage_limit} of storage are in use.",
}


class Frequency(StrEnum):
    """How often an owner wants new alerts by e-mail, at most."""

    NEVER = "NEVER"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlert:
    """One alert with what its company is like now."""

    company_id: UUID
    company: str
    kind: Kind
    stage: Stage
    state: State
    raised_at: datetime
    changed_at: datetime
    changed_by: str
    snoozed_until: datetime | None
    last_seen: date | None
    expires_at: datetime | None
    seats_used: int | None
    seats_limit: int | None
    storage_used: int | None
    storage_limit: int | None

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def words(self) -> str:
        """The alert as a sentence of plain text."""
        return SENTENCES[self.kind].format(
            last_seen=_day(self.last_seen),
            expires_at=_day(self.expires_at),
            seats_used=_number(self.seats_used),
            seats_limit=_number(self.seats_limit),
            storage_used=_gigabytes(self.storage_used),
            storage_limit=_gigabytes(self.storage_limit),
        )


@dataclass(frozen=True, slots=True)
class AlertListing:
    """One view of the list. `state` is a State or ALL; `kind` None: all kinds; `page` counts from 1."""

    state: str = State.OPEN.value
    kind: Kind | None = None
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Takes a URL's query; what makes no sense there is left out."""
        state, kind, page = query.get("state", ""), query.get("kind", ""), query.get("page", "")
        return cls(
            state=state if state in STATES else State.OPEN.value,
            kind=Kind(kind) if kind in set(Kind) else None,
            page=max(1, int(page[:7])) if page.isascii() and page.isdigit() else 1,
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def url(self) -> str:
        """The address of this view; only what differs from the plain one stands in it."""
        query: dict[str, str | int] = {}
        if self.state != State.OPEN.value:
            query["state"] = self.state
        if self.kind:
            query["kind"] = self.kind.value
        if self.page > 1:
            query["page"] = self.page
        return "/owner/alerts/" + (f"?{urlencode(query)}" if query else "")

    def at_page(self, page: int) -> Self:
        """The same view, another page."""
        return replace(self, page=page)


def _day(value: date | None) -> str:
    return f"{value.day} {value:%B %Y}" if value else "an unknown day"


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _gigabytes(value: int | None) -> str:
    return "?" if value is None else f"{value / 10**9:,.1f} GB"
