"""The totals of days, from what devices report: the arithmetic of a fold, without a database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from tracking.domain.days import CompanyDay, company_day, days_between
from tracking.domain.spans import Spans, size
from tracking.domain.timeline import Claim, Timeline, combine, fold, reach

DayKey = tuple[UUID, date]


@dataclass(frozen=True, slots=True)
class EmployeeTotals:
    """One employee's day."""

    active_seconds: int = 0
    idle_seconds: int = 0
    sessions: int = 0
    screenshots: int = 0


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """What a day of the company gains."""

    active_seconds: int = 0
    idle_seconds: int = 0
    employees_active: int = 0
    sessions: int = 0
    screenshots: int = 0


@dataclass(frozen=True)
class DeviceReport:
    """The claims of one upload."""

    employee_id: UUID
    device_id: UUID
    claims: Sequence[Claim]

    @cached_property
    def reach(self) -> tuple[int, int]:
        """First and last moment that it can touch."""
        return reach(self.claims)


class Daybook:
    """Some days of some employees, as far as a fold needs them."""

    def __init__(self, time_zone: str) -> None:
        self._time_zone = time_zone
        self._timelines: dict[DayKey, dict[UUID, Timeline]] = defaultdict(dict)
        self._changed: dict[tuple[UUID, date, UUID], None] = {}  # in order
        self._last_day: CompanyDay | None = None

    def days_touched(self, reports: Sequence[DeviceReport]) -> dict[DayKey, int]:
        """The days that must be put in before the reports are folded, each with the Unix time of its start."""
        return {(report.employee_id, day.date): day.start for report in reports for day in self._days(report)}

    def put(self, employee_id: UUID, day: date, device_id: UUID, timeline: Timeline) -> None:
        """Puts a kept day of a device in."""
        self._timelines[employee_id, day][device_id] = timeline

    def fold(self, reports: Iterable[DeviceReport]) -> None:
        """Counts the reports, those of a device one after the other."""
        by_device: dict[tuple[UUID, UUID], list[DeviceReport]] = defaultdict(list)
        for report in reports:
            by_device[report.employee_id, report.device_id].append(report)
        for (employee_id, device_id), found in by_device.items():
            touched = {day.start: day for report in found for day in self._days(report)}
            days = [(day, self._timelines[employee_id, day.date]) for day in touched.values()]
            kept = [timelines.get(device_id, Timeline()) for _day, timelines in days]
            after = fold(sum(kept[1:], start=kept[0]), *(report.claims for report in found))
            for (day, timelines), before in zip(days, kept, strict=True):
                timeline = after.clip(day.start, day.end)
                if timeline != before:
                    timelines[device_id] = timeline
                    self._changed[employee_id, day.date, device_id] = None

    def _days(self, report: DeviceReport) -> Sequence[CompanyDay]:
        """Most reports touch the day that the one before has touched, and no other."""
        start, end = report.reach
        last = self._last_day
        if last is not None and last.start <= start and end <= last.end:
            return (last,)
        days = list(days_between(start, end, self._time_zone))
        self._last_day = days[-1]
        return days

    def delete(self, employee_id: UUID, device_id: UUID, seconds: Spans) -> None:
        """Takes seconds out of the employee's time that the device has reported, or still may."""
        if not seconds:
            return
        taken = Timeline(deleted=seconds)
        for day in days_between(seconds[0][0], seconds[-1][1], self._time_zone):
            timelines = self._timelines[employee_id, day.date]
            timelines[device_id] = timelines.get(device_id, Timeline()) + taken.clip(day.start, day.end)
            self._changed[employee_id, day.date, device_id] = None

    def changed_devices(self) -> Iterator[tuple[UUID, CompanyDay, UUID, Timeline]]:
        """What reports and deletions changed: employee, day, device and its timeline."""
        for employee_id, day, device_id in self._changed:
            timeline = self._timelines[employee_id, day][device_id]
            yield employee_id, company_day(day, self._time_zone), device_id, timeline

    def changed_employees(
        self, before: Mapping[DayKey, EmployeeTotals], sessions: Mapping[DayKey, int], screenshots: Mapping[DayKey, int]
    ) -> dict[DayKey, EmployeeTotals]:
        """New totals of the people whose days changed; `sessions` and `screenshots` have come since, or gone."""
        result = {}
        for key in {(employee, day) for employee, day, _ in self._changed} | {*sessions, *screenshots}:
            totals = before.get(key, EmployeeTotals())
            active, idle = totals.active_seconds, totals.idle_seconds
            if key in self._timelines:
                timeline = combine(self._timelines[key].values())
                active, idle = size(timeline.active), size(timeline.idle)
            result[key] = EmployeeTotals(
                active, idle, totals.sessions + sessions.get(key, 0), totals.screenshots + screenshots.get(key, 0)
            )
        return result


def company_changes(
    before: Mapping[DayKey, EmployeeTotals], after: Mapping[DayKey, EmployeeTotals]
) -> dict[date, CompanyChange]:
    """What the company's days gain when its people's totals go from `before` to `after`."""
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


def second_of(moment: datetime) -> int:
    """The Unix second in which a tick of that moment ends."""
    return int(moment.timestamp())
