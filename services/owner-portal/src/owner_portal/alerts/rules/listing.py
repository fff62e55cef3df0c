"""The list of alerts: its filters in the URL, titles and sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from owner_portal.alerts.rules.alerts import AlertKind, AlertStage, AlertState

PAGE_SIZE = 50
ALL = "ALL"
STATES = (*(state.value for state in AlertState), ALL)

TITLES: Mapping[AlertKind, str] = {
    AlertKind.SILENT: "Gone silent",
    AlertKind.TRIAL_ENDING: "Trial ends",
    AlertKind.EXPIRING: "Subscription ends",
    AlertKind.PAST_DUE: "Payment missing",
    AlertKind.EXPIRED: "Access ended",
    AlertKind.SEATS: "Seats",
    AlertKind.STORAGE: "Storage",
}

SENTENCES: Mapping[AlertKind, str] = {
    AlertKind.SILENT: "No data since {last_seen}, longer than usual for this company in the last eight weeks.",
    AlertKind.TRIAL_ENDING: "The trial ends on {expires_at}.",
    AlertKind.EXPIRING: "The subscription ends on {expires_at} and does not renew automatically.",
    AlertKind.PAST_DUE: "A payment is missing. Access ends on {expires_at}.",
    AlertKind.EXPIRED: "Access ended on {expires_at}. Renew the subscription or close the company.",
    AlertKind.SEATS: "{seats_used} of {seats_limit} seats are in use.",
    AlertKind.STORAGE: "{storage_used} of {storage_limit} of storage is in use.",
}


class Frequency(StrEnum):
    """The maximum frequency of e-mails about new alerts."""

    NEVER = "NEVER"
    HOURLY = "HOURLY"
    DAILY = "DAILY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlert:
    """One alert with the current data of its company."""

    company_id: UUID
    company: str
    kind: AlertKind
    stage: AlertStage
    state: AlertState
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
    """One view of the list. `state` is an AlertState or ALL; `kind` None: all kinds; `page` counts from 1."""

    state: str = AlertState.OPEN.value
    kind: AlertKind | None = None
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Reads a URL's query; invalid parts are ignored."""
        state, kind, page = query.get("state", ""), query.get("kind", ""), query.get("page", "")
        return cls(
            state=state if state in STATES else AlertState.OPEN.value,
            kind=AlertKind(kind) if kind in set(AlertKind) else None,
            page=max(1, int(page[:7])) if page.isascii() and page.isdigit() else 1,
        )

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def url(self) -> str:
        """The URL of this view, with the parameters that differ from the default."""
        query: dict[str, str | int] = {}
        if self.state != AlertState.OPEN.value:
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
