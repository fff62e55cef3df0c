"""How all companies together stand, what they used, and how their number grew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from owner_portal.directory.rules import Status

PATH = "/owner/reports/"
TOP = 10
DAYS = (7, 30, 90)
MONTHS = (6, 12, 24)


@dataclass(frozen=True, slots=True)
class ReportRange:
    """What the URL says: usage of the last `days` days, today included; revenue and growth of the last `months`."""

    days: int = 30
    months: int = 12

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Takes a URL's query. What makes no sense there is left out: an old bookmark still shows something."""
        days = {str(choice): choice for choice in DAYS}.get(query.get("days", ""), cls().days)
        months = {str(choice): choice for choice in MONTHS}.get(query.get("months", ""), cls().months)
        return cls(days, months)

    def url(self, path: str = PATH) -> str:
        """The address of this view; only what differs from the plain one stands in it."""
        plain = type(self)()
        query = {}
        if self.days != plain.days:
            query["days"] = self.days
        if self.months != plain.months:
            query["months"] = self.months
        return path + (f"?{urlencode(query)}" if query else "")

    def of_days(self, days: int) -> Self:
        return replace(self, days=days)

    def of_months(self, months: int) -> Self:
        return replace(self, months=months)

    def first_month(self, today: date) -> date:
        """The first day of the first month; the last one is today's."""
        number = today.year * 12 + today.month - self.months
        return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Companies of one status and plan. `reporting`: those with seats in use, `seats_used` of all together."""

    status: Status
    plan_code: str | None
    companies: int
    unsynced: int
    monthly_revenue: int
    currency: str
    reporting: int
    seats_used: int


@dataclass(frozen=True, slots=True)
class TopCompany:
    """What a company used in the days asked for, and in as many before them. Storage is its present level."""

    company_id: UUID
    name: str
    plan_code: str | None
    active_seconds: int
    active_seconds_before: int
    sessions: int
    screenshots: int
    storage_bytes: int


@dataclass(frozen=True, slots=True)
class MonthGrowth:
    """A month, by its first day: companies created in it and there were at its end; what all of them used."""

    month: date
    created: int
    companies: int
    active_seconds: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the portal's own copy says, with or without tenancy and billing."""

    standings: Sequence[Standing]
    top: Sequence[TopCompany]
    growth: Sequence[MonthGrowth]

    @property
    def by_status(self) -> Mapping[Status, int]:
        """How many companies each status has, those without any included."""
        return {status: sum(each.companies for each in self.standings if each.status is status) for status in Status}

    @property
    def companies(self) -> int:
        """All but the closed ones."""
        return sum(each.companies for each in self._open)

    @property
    def currency(self) -> str:
        """The platform's one currency; empty while no company has a plan."""
        return max((each.currency for each in self.standings), default="")

    @property
    def unsynced(self) -> int:
        """Companies whose trackers have not called for 24 hours, new ones left out."""
        return sum(each.unsynced for each in self._open)

    @property
    def by_plan(self) -> Mapping[str, tuple[int, int]]:
        """Companies, and what they pay a month in minor units, by plan; closed companies are left out."""
        found: dict[str, tuple[int, int]] = {}
        for each in self._open:
            companies, revenue = found.get(each.plan_code or "None yet", (0, 0))
            found[each.plan_code or "None yet"] = (companies + each.companies, revenue + each.monthly_revenue)
        return dict(sorted(found.items(), key=lambda item: -item[1][0]))

    @property
    def average_employees(self) -> float | None:
        """Seats in use of a company, of those that use any; None when there is no such company."""
        reporting = sum(each.reporting for each in self._open)
        return sum(each.seats_used for each in self._open) / reporting if reporting else None

    @property
    def _open(self) -> list[Standing]:
        return [each for each in self.standings if each.status is not Status.CLOSED]
