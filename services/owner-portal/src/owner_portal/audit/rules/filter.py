"""The audit log's URL: filters and the position of the page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from owner_portal.audit.rules.trails import Position, TrailQuestion, read_position, write_position

MAX_FILTER_LENGTH = 254
PATH = "/owner/audit-log/"

ACTIONS = (
    # tenancy
    *("create", "update", "suspend", "reactivate", "close", "set_logo", "set_tracking_policy"),
    *("rotate_key", "revoke_key"),
    # billing
    *("change_plan", "cancel_scheduled_change", "renew_subscription", "extend_subscription", "cancel_subscription"),
    *("record_payment", "reverse_payment", "mark_past_due", "create_plan_version", "move_subscriptions"),
    # the portal
    *("sign_in", "create_owner", "invite_owner", "withdraw_invitation", "accept_invitation", "deactivate_owner"),
    *("change_password", "revoke_session", "revoke_other_sessions", "set_up_second_factor", "remove_second_factor"),
    "renew_recovery_codes",
    *("acknowledge_alerts", "snooze_alerts", "reopen_alerts", "choose_alert_emails", "forget_noted_entry"),
)
"""Suggested in the filter; any other name may be entered."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`company` is a name or an id as it was typed; `since` and `until` are days in UTC, both included."""

    who: str = ""
    what: str = ""
    company: str = ""
    since: date | None = None
    until: date | None = None
    before: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Reads a URL's query. Invalid parts are ignored, so that an old bookmark still works."""
        return cls(
            who=_text(query, "who"),
            what=_text(query, "what").lower().replace(" ", "_"),
            company=_text(query, "company"),
            since=_day(query, "from"),
            until=_day(query, "to"),
            before=write_position(read_position(query.get("before", ""))),
        )

    @property
    def position(self) -> Position:
        return read_position(self.before)

    @property
    def is_plain(self) -> bool:
        """Whether no filter is set."""
        return self.from_start() == type(self)()

    def question(self, company_id: UUID | None) -> TrailQuestion:
        """The question for the trails; `company_id`: the company that `company` names."""
        return TrailQuestion(
            actor=self.who or None,
            action=self.what or None,
            company_id=company_id,
            since=_midnight(self.since) if self.since else None,
            until=_midnight(self.until + timedelta(days=1)) if self.until else None,
        )

    def url(self, path: str = PATH) -> str:
        """The URL of this view, with the parameters that are set."""
        query = {
            "who": self.who,
            "what": self.what,
            "company": self.company,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "before": self.before,
        }
        given = {name: value for name, value in query.items() if value}
        return path + (f"?{urlencode(given)}" if given else "")

    def from_start(self) -> Self:
        """The same filters, from the newest entry on."""
        return replace(self, before="")

    def at(self, position: Position) -> Self:
        """The same filters, the page that begins there."""
        return replace(self, before=write_position(position))


def date_problems(query: Mapping[str, str]) -> list[str]:
    """The problems of the dates in a URL's query; `AuditFilter.read` ignores such dates."""
    return [
        f"{words} is not a valid date. Write it as 2026-05-03."
        for name, words in (("from", "From"), ("to", "To"))
        if query.get(name) and _day(query, name) is None
    ]


def _text(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip()[:MAX_FILTER_LENGTH]
    return text if text.isprintable() else ""


def _day(query: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None
    return day if date(2000, 1, 1) <= day <= date(9000, 1, 1) else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
