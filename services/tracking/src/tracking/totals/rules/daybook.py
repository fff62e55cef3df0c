"""The arithmetic of a fold, without a database: from the reports of devices to the totals of days.

What devices report is stored by the hour in UTC, so a fold reads and writes only the hours that its reports touch, and
nothing stored depends on the company's midnight. A person's days are totals, to which the change of the hours is added.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tracking.clock.rules.days import CompanyDay, days_between
from tracking.clock.rules.spans import Spans, clip, size
from tracking.totals.rules.timeline import Claim, LaidOutReport, Timeline, combine, fold, joined, lay_out

DayKey = tuple[UUID, date]
HourKey = tuple[UUID, int]  # employee, and the number of the hour since 1970 in UTC
HOUR = 3600  # seconds


@dataclass(frozen=True, slots=True)
class EmployeeTotals:
    """The totals of an employee's day, or a change of them."""

    active_seconds: int = 0
    idle_seconds: int = 0
    sessions: int = 0
    screenshots: int = 0

    def __add__(self, gain: "EmployeeTotals") -> "EmployeeTotals":
        return EmployeeTotals(
            self.active_seconds + gain.active_seconds,
            self.idle_seconds + gain.idle_seconds,
            self.sessions + gain.sessions,
            self.screenshots + gain.screenshots,
        )

    def __sub__(self, before: "EmployeeTotals") -> "EmployeeTotals":
        return EmployeeTotals(
            self.active_seconds - before.active_seconds,
            self.idle_seconds - before.idle_seconds,
            self.sessions - before.sessions,
            self.screenshots - before.screenshots,
        )


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """A change of the totals of a company's day."""

    active_seconds: int = 0
    idle_seconds: int = 0
    employees_active: int = 0
    sessions: int = 0
    screenshots: int = 0

    def __sub__(self, other: "CompanyChange") -> "CompanyChange":
        return CompanyChange(
            self.active_seconds - other.active_seconds,
            self.idle_seconds - other.idle_seconds,
            self.employees_active - other.employees_active,
            self.sessions - other.sessions,
            self.screenshots - other.screenshots,
        )


class DeviceReport:
    """The claims of one upload as they are counted, and the hours that they can touch.

    Claims that lie apart, such as leftovers, touch no hour between them.
    """

    __slots__ = ("device_id", "employee_id", "hours", "laid")

    def __init__(self, employee_id: UUID, device_id: UUID, claims: Sequence[Claim]) -> None:
        self.employee_id = employee_id
        self.device_id = device_id
        self.laid: LaidOutReport = lay_out(claims)
        self.hours: frozenset[int] = frozenset(
            [hour for start, end in self.laid.extents for hour in hours_of(start, end)]
        )


class Daybook:
    """The hours of some employees, as far as a fold needs them."""

    def __init__(self, time_zone: str) -> None:
        self._time_zone = time_zone
        self._hours: dict[HourKey, dict[UUID, Timeline]] = defaultdict(dict)
        self._before: dict[HourKey, dict[UUID, Timeline]] = {}  # the earlier state of hours that have changed
        self._changed: dict[tuple[UUID, int, UUID], None] = {}  # sorted
        self._last_day = CompanyDay(date.min, 0, 0)

    def put(self, employee_id: UUID, hour: int, device_id: UUID, timeline: Timeline) -> None:
        """Adds a stored hour of a device."""
        self._hours[employee_id, hour][device_id] = timeline

    def change(self, employee_id: UUID, hour: int, device_id: UUID, timeline: Timeline) -> None:
        """Replaces the timeline of a stored hour; all devices of the hour must have been added before."""
        key = employee_id, hour
        kept = self._hours[key]
        if key not in self._before:
            self._before[key] = dict(kept)
        kept[device_id] = timeline
        self._changed[employee_id, hour, device_id] = None

    def fold(self, reports: Iterable[DeviceReport]) -> None:
        """Counts the reports of each device one after the other. The hours they touch must have been added before."""
        by_device: dict[tuple[UUID, UUID], list[DeviceReport]] = defaultdict(list)
        for report in reports:
            by_device[report.employee_id, report.device_id].append(report)
        for (employee_id, device_id), found in by_device.items():
            hours = sorted(set().union(*(report.hours for report in found)))
            kept = [self._hours[employee_id, hour].get(device_id, Timeline()) for hour in hours]
            after = fold(joined(kept), *[report.laid for report in found])
            for hour, before in zip(hours, kept, strict=True):
                timeline = after.clip(hour * HOUR, (hour + 1) * HOUR)
                if timeline != before:
                    self.change(employee_id, hour, device_id, timeline)

    def delete(self, employee_id: UUID, device_id: UUID, seconds: Spans) -> None:
        """Removes seconds that the device has reported, or may still report, from the employee's time."""
        taken = Timeline(deleted=seconds)
        for hour in sorted({hour for start, end in seconds for hour in hours_of(start, end)}):
            kept = self._hours[employee_id, hour].get(device_id, Timeline())
            self.change(employee_id, hour, device_id, kept + taken.clip(hour * HOUR, (hour + 1) * HOUR))

    def changed_devices(self) -> Iterator[tuple[UUID, int, UUID, Timeline]]:
        """The hours that reports and deletions have changed: employee, hour, device and timeline."""
        for employee_id, hour, device_id in self._changed:
            yield employee_id, hour, device_id, self._hours[employee_id, hour][device_id]

    def gains(self, sessions: Mapping[DayKey, int], screenshots: Mapping[DayKey, int]) -> dict[DayKey, EmployeeTotals]:
        """The changes of people's days, including the `sessions` and `screenshots` that were added or removed."""
        active: dict[DayKey, int] = defaultdict(int)
        idle: dict[DayKey, int] = defaultdict(int)
        for (employee_id, hour), devices in self._before.items():
            before, after = combine(devices.values()), combine(self._hours[employee_id, hour].values())
            for day in self._days(hour):
                key = employee_id, day.date
                active[key] += _size(after.active, day) - _size(before.active, day)
                idle[key] += _size(after.idle, day) - _size(before.idle, day)
        gains = {
            key: EmployeeTotals(active.get(key, 0), idle.get(key, 0), sessions.get(key, 0), screenshots.get(key, 0))
            for key in active.keys() | sessions.keys() | screenshots.keys()
        }
        return {key: gain for key, gain in gains.items() if gain != EmployeeTotals()}

    def _days(self, hour: int) -> Sequence[CompanyDay]:
        """Most hours lie completely in the same day as the previous one."""
        start, end, last = hour * HOUR, (hour + 1) * HOUR, self._last_day
        if last.start <= start and end <= last.end:
            return (last,)
        days = list(days_between(start, end, self._time_zone))
        self._last_day = days[-1]
        return days


def _size(spans: Spans, day: CompanyDay) -> int:
    if spans and (spans[0][0] < day.start or day.end < spans[-1][1]):
        spans = clip(spans, day.start, day.end)
    return size(spans)


def hours_of(start: int, end: int) -> range:
    """The hours that the seconds from `start` to before `end` touch."""
    return range(start // HOUR, (end - 1) // HOUR + 1)


def company_changes(
    before: Mapping[DayKey, EmployeeTotals], after: Mapping[DayKey, EmployeeTotals]
) -> dict[date, CompanyChange]:
    """The changes of the company's days when its people's totals change from `before` to `after`."""
    changes: dict[date, CompanyChange] = defaultdict(CompanyChange)
    for (employee_id, day), new in after.items():
        old, change = before.get((employee_id, day), EmployeeTotals()), changes[day]
        changes[day] = CompanyChange(
            change.active_seconds + new.active_seconds - old.active_seconds,
            change.idle_seconds + new.idle_seconds - old.idle_seconds,
            change.employees_active + (new.active_seconds > 0) - (old.active_seconds > 0),
            change.sessions + new.sessions - old.sessions,
            change.screenshots + new.screenshots - old.screenshots,
        )
    return dict(changes)
