"""Reports on all companies: status, usage and growth."""

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
    """The ranges in the URL: usage of the last `days` days including today; revenue and growth of the last `months`."""

    days: int = 30
    months: int = 12

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Reads a URL's query. Invalid parts are ignored, so that an old bookmark still works."""
        days = {str(choice): choice for choice in DAYS}.get(query.get("days", ""), cls().days)
        months = {str(choice): choice for choice in MONTHS}.get(query.get("months", ""), cls().months)
        return cls(days, months)

    def url(self, path: str = PATH) -> str:
        """The URL of this view, with the parameters that differ from the default."""
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
class StatusTotals:
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
    """A company's usage in the range, and in the same number of days before. Storage is its current level."""

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
    """A month, by its first day: companies created in it, companies at its end, and their usage."""

    month: date
    created: int
    companies: int
    active_seconds: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The part of the reports from the portal's own read model."""

    status_totals: Sequence[StatusTotals]
    top: Sequence[TopCompany]
    growth: Sequence[MonthGrowth]

    @property
    def by_status(self) -> Mapping[Status, int]:
        """How many companies each status has, those without any included."""
        return {
            status: sum(each.companies for each in self.status_totals if each.status is status) for status in Status
        }

    @property
    def companies(self) -> int:
        """The number of companies that are not closed."""
        return sum(each.companies for each in self._open)

    @property
    def currency(self) -> str:
        """The platform's one currency; empty while no company has a plan."""
        return max((each.currency for each in self.status_totals), default="")

    @property
    def unsynced(self) -> int:
        """Companies whose trackers have not called for 24 hours, new ones left out."""
        return sum(each.unsynced for each in self._open)

    @property
    def by_plan(self) -> Mapping[str, tuple[int, int]]:
        """The number of companies and their MRR in minor units by plan, without closed companies."""
        found: dict[str, tuple[int, int]] = {}
        for each in self._open:
            companies, revenue = found.get(each.plan_code or "None yet", (0, 0))
            found[each.plan_code or "None yet"] = (companies + each.companies, revenue + each.monthly_revenue)
        return dict(sorted(found.items(), key=lambda item: -item[1][0]))

    @property
    def average_employees(self) -> float | None:
        """The average number of seats in use per company that uses any; None without such companies."""
        reporting = sum(each.reporting for each in self._open)
        return sum(each.seats_used for each in self._open) / reporting if reporting else None

    @property
    def _open(self) -> list[StatusTotals]:
        return [each for each in self.status_totals if each.status is not Status.CLOSED]
