"""What the dashboard shows: all companies together, and one row for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from owner_portal.domain.companies import Status
from owner_portal.domain.usage import DayTotal, Period, period

SPARK_DAYS = 30


@dataclass(frozen=True, slots=True)
class StatusCount:
    """The companies of one status. Storage is the sum of their present levels, in bytes."""

    status: Status
    companies: int
    unsynced: int
    storage_used: int
    storage_limit: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The totals of the platform."""

    counts: Sequence[StatusCount]
    days: Sequence[DayTotal]

    @property
    def companies(self) -> int:
        return sum(count.companies for count in self.counts)

    @property
    def by_status(self) -> Mapping[Status, int]:
        """How many companies each status has, those without any included."""
        counted = {count.status: count.companies for count in self.counts}
        return {status: counted.get(status, 0) for status in Status}

    @property
    def unsynced(self) -> int:
        """Companies whose trackers have not called for 24 hours, or never."""
        return sum(count.unsynced for count in self.counts)

    @property
    def storage_used(self) -> int:
        return sum(count.storage_used for count in self.counts)

    @property
    def storage_limit(self) -> int:
        return sum(count.storage_limit for count in self.counts)

    def period(self, days: int) -> Period:
        """The sums of the last `days` days, today included."""
        return period(self.days, days)

    def series(self, measure: str) -> list[int]:
        """One measure of DayTotal for each of the last 30 days, oldest first."""
        by_age = {total.age: getattr(total, measure) for total in self.days}
        return [by_age.get(age, 0) for age in reversed(range(SPARK_DAYS))]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyState:
    """How one company stands. None: nobody has told yet."""

    company_id: UUID
    name: str
    email: str
    plan_code: str | None
    status: Status
    seats_used: int | None
    seats_limit: int | None
    storage_used: int | None
    storage_limit: int | None
    last_sync_at: datetime | None
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRow(CompanyState):
    """One company in the table, with the sums of its last 30 days."""

    active_seconds: int
    screenshots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyPage(CompanyState):
    """Everything that is known of one company, but its days."""

    contact_person: str
    phone: str
    address: str
    time_zone: str
    key_hint: str
    created_at: datetime
    suspended: bool
    started_at: datetime | None
    expires_at: datetime | None
    price_minor_units: int | None
    currency: str | None
    screenshot_retention_days: int | None


def last_days(values: Mapping[date, int], today: date, days: int = SPARK_DAYS) -> list[int]:
    """One value for each of the last `days` days, oldest first; a day without one is 0."""
    return [values.get(today - timedelta(days=age), 0) for age in reversed(range(days))]
