"""The data of the dashboard: totals of the platform, and one row per company."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from owner_portal.directory.rules import CompanySummary, Status
from owner_portal.usage.rules import Measure, Period, PlatformDay, Window, change, change_of_whole_days

TREND_DAYS = 30
TOTALLED = (1, 7, 30)  # days of the windows in the totals
COMPARED = (7, 30)  # those with a change; today would be compared with a complete day
DAYS = 2 * max(COMPARED) + 2  # of which up to two are unfinished in some time zone


@dataclass(frozen=True, slots=True)
class StatusCount:
    """The companies of one status and plan; `plan_code` None: no subscription yet.

    Storage is the sum of their present levels, in bytes; revenue in minor units. `windows`: for each of TOTALLED days.
    """

    status: Status
    plan_code: str | None
    companies: int
    unsynced: int
    storage_used: int
    storage_limit: int
    monthly_revenue: int
    windows: Mapping[int, Window]


@dataclass(frozen=True, slots=True)
class Revenue:
    """Monthly recurring revenue in minor units, as billing defines it; `before`: 30 days ago, None if unknown."""

    now: int
    before: int | None
    currency: str

    @property
    def change(self) -> float | None:
        """In percent."""
        return None if self.before is None else change(self.now, self.before)


@dataclass(frozen=True, eq=False)
class Overview:
    """The totals of the platform. `days`: each of the last DAYS dates, the oldest first."""

    counts: Sequence[StatusCount]
    days: Sequence[PlatformDay]
    revenue: Revenue

    @cached_property
    def plans(self) -> Sequence[str]:
        """Codes of the plans that companies are on."""
        return sorted({count.plan_code for count in self.counts if count.plan_code})

    @cached_property
    def by_status(self) -> Mapping[Status, int]:
        """How many companies each status has, those without any included."""
        counted = Counter[Status]()
        for count in self.counts:
            counted[count.status] += count.companies
        return {status: counted[status] for status in Status}

    @cached_property
    def companies(self) -> int:
        """The number of companies that are not closed."""
        return sum(count.companies for count in self._open)

    @cached_property
    def unsynced(self) -> int:
        """The number of companies whose trackers have not called for 24 hours, without new and closed ones."""
        return sum(count.unsynced for count in self._open)

    @cached_property
    def storage_used(self) -> int:
        return sum(count.storage_used for count in self._open)

    @cached_property
    def storage_limit(self) -> int:
        return sum(count.storage_limit for count in self._open)

    @cached_property
    def windows(self) -> Mapping[int, Window]:
        """The sums of all companies over each of TOTALLED days, by each company's own calendar."""
        return {days: _total([count.windows[days] for count in self.counts]) for days in TOTALLED}

    def series(self, measure: Measure) -> list[int]:
        """One measure of each of the last 30 dates, oldest first."""
        return [getattr(day, measure) for day in self.days[-TREND_DAYS:]]

    def change(self, measure: Measure, days: int) -> float | None:
        """The change in percent of the last `days` whole days against as many before."""
        return change_of_whole_days(self.days, measure, days)

    @property
    def _open(self) -> list[StatusCount]:
        return [count for count in self.counts if count.status is not Status.CLOSED]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRow(CompanySummary):
    """One company in the table, with its last 30 days. `daily_minutes`: active minutes of each, the oldest first."""

    active_seconds: int
    screenshots: int
    daily_minutes: tuple[int, ...]


def _total(windows: Sequence[Window]) -> Window:
    return Window(Period.total(window.now for window in windows), Period.total(window.before for window in windows))
