"""What is known of one company, and each of its last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from owner_portal.dashboard.rules.overview import CompanySummary
from owner_portal.directory.rules.companies import CompanyState
from owner_portal.usage.rules.days import CompanyDay, Period

CHART_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyPage(CompanySummary):
    """Everything that tenancy, billing and the feed told of one company, but its days. None: nobody has told yet."""

    contact_person: str
    phone: str
    address: str
    time_zone: str
    state: CompanyState
    key_hint: str
    logo_digest: str
    created_at: datetime
    plan_version: int | None
    started_at: datetime | None
    charged_until: datetime | None
    screenshot_retention_days: int | None

    @property
    def is_suspended(self) -> bool:
        return self.state is CompanyState.SUSPENDED

    @property
    def is_closed(self) -> bool:
        return self.state is CompanyState.CLOSED


def first_day(company: CompanyPage) -> date:
    """The oldest of the days that are shown."""
    return company.today - timedelta(days=CHART_DAYS - 1)


def fill_days(company: CompanyPage, known: Sequence[CompanyDay]) -> list[CompanyDay]:
    """Each of the last CHART_DAYS days, the oldest first; one without work has zeros and revision 0."""
    by_day = {day.day: day for day in known}
    dates = [first_day(company) + timedelta(days=number) for number in range(CHART_DAYS)]
    return [by_day.get(day) or CompanyDay(company.company_id, day, 0, 0, 0, 0, 0, 0, 0, 0) for day in dates]


def sums(days: Sequence[CompanyDay], last: int) -> Period:
    """The sums of the `last` days."""
    recent = days[-last:]
    return Period(
        active_seconds=sum(day.active_seconds for day in recent),
        sessions=sum(day.sessions for day in recent),
        screenshots=sum(day.screenshots for day in recent),
    )
