"""Recomputes a company's totals from its raw rows and lists every difference from the stored totals."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.checking import store
from tracking.checking.store import FoldedClaim
from tracking.clock.rules.days import day_of
from tracking.clock.rules.spans import Spans, union
from tracking.clock.rules.unix_time import second_of
from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.screenshots.store import screenshots
from tracking.session_deletion import store as session_deletion
from tracking.sessions.store import sessions
from tracking.totals.rules.daybook import (
    HOUR,
    CompanyChange,
    Daybook,
    DayKey,
    DeviceReport,
    EmployeeTotals,
    company_changes,
)
from tracking.totals.rules.timeline import ActivityKind, Claim, Timeline
from tracking.totals.store import company_days, device_hours, employee_days
from tracking.totals.use_cases import Encode, fold_company


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The number of days compared, and the differences found; a correct company has none."""

    employee_days: int
    company_days: int
    differences: list[str]


async def reconcile(engine: AsyncEngine, company_id: UUID, encode: Encode) -> Reconciliation:
    """Folds the waiting entries, then compares. One transaction reads everything, so nothing changes in between."""
    while await fold_company(engine, company_id, encode):
        pass
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)
        company = await companies.get(tx)
        if company is None:
            return Reconciliation(0, 0, [])
        deleted = _by_device(await session_deletion.deleted(tx))
        kept_deleted = _by_device(await device_hours.deleted(tx))
        recomputed, differences = await _recompute(tx, company.time_zone, deleted)
        stored, takes = await screenshots.storage(tx)
        kept = await employee_days.everything(tx)
        kept_days = {row.day: row.sums for row in await company_days.read(tx, date.min, date.max)}
    differences += [
        f"employee {key[0]} on {key[1]}: kept {kept.get(key)}, raw rows say {recomputed.get(key)}"
        for key in sorted(kept.keys() | recomputed.keys())
        if kept.get(key, EmployeeTotals()) != recomputed.get(key, EmployeeTotals())
    ]
    days = company_changes({}, recomputed)
    differences += [
        f"company on {day}: kept {kept_days.get(day)}, raw rows say {days.get(day)}"
        for day in sorted(kept_days.keys() | days.keys())
        if kept_days.get(day, CompanyChange()) != days.get(day, CompanyChange())
    ]
    differences += [
        f"deleted of device {key[1]}: kept {kept_deleted.get(key)}, its sessions say {deleted.get(key)}"
        for key in sorted(kept_deleted.keys() | deleted.keys())
        if kept_deleted.get(key, []) != deleted.get(key, [])
    ]
    if stored != takes:
        differences.append(f"storage: kept {stored} bytes, the screenshots take {takes}")
    return Reconciliation(len(recomputed), len(days), differences)


def _by_device(found: Iterable[tuple[UUID, UUID, Spans]]) -> dict[tuple[UUID, UUID], Spans]:
    """All seconds of each employee's devices."""
    spans: dict[tuple[UUID, UUID], list[Spans]] = defaultdict(list)
    for employee_id, device_id, seconds in found:
        spans[employee_id, device_id].append(seconds)
    return {key: union(*sets) for key, sets in spans.items()}


async def _recompute(
    tx: AsyncConnection, time_zone: str, deleted: Mapping[tuple[UUID, UUID], Spans]
) -> tuple[dict[DayKey, EmployeeTotals], list[str]]:
    """Everyone's days from raw rows, and the devices whose stored hours differ from them."""
    counted: dict[DayKey, EmployeeTotals] = {}
    differences: list[str] = []
    hours_kept = await device_hours.people(tx)
    async for employee_id, reports in _employees(store.in_order(tx)):
        book = Daybook(time_zone)
        book.fold(reports)
        for device_id in {report.device_id for report in reports}:
            book.delete(employee_id, device_id, deleted.get((employee_id, device_id), []))
        counted |= book.gains({}, {})
        recomputed = {(hour, device_id): timeline for _whose, hour, device_id, timeline in book.changed_devices()}
        differences += _hours_that_differ(await device_hours.of_employee(tx, employee_id), recomputed)
        hours_kept.discard(employee_id)
    for employee_id in sorted(hours_kept):  # without any raw row
        differences += _hours_that_differ(await device_hours.of_employee(tx, employee_id), {})
    started = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in sessions.counted(tx)])
    taken = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in screenshots.counted(tx)])
    totals = {
        key: EmployeeTotals(found.active_seconds, found.idle_seconds, started[key], taken[key])
        for key in counted.keys() | started.keys() | taken.keys()
        for found in [counted.get(key, EmployeeTotals())]
    }
    return totals, differences


def _hours_that_differ(
    kept: Iterable[tuple[int, UUID, Timeline]], recomputed: Mapping[tuple[int, UUID], Timeline]
) -> list[str]:
    """One line for each device, however many of its hours differ."""
    found = {(hour, device_id): timeline for hour, device_id, timeline in kept}
    differing: dict[UUID, list[int]] = defaultdict(list)
    for hour, device_id in sorted(found.keys() | recomputed.keys()):
        one, other = (hours.get((hour, device_id), Timeline()) for hours in (found, recomputed))
        if (one.active, one.idle) != (other.active, other.idle):
            differing[device_id].append(hour)
    return [
        f"device {device_id}: {len(hours)} hours are kept otherwise than raw rows say, the first of them that from "
        f"{datetime.fromtimestamp(hours[0] * HOUR, UTC):%Y-%m-%d %H}:00 UTC"
        for device_id, hours in differing.items()
    ]


async def _employees(claims: AsyncIterator[FoldedClaim]) -> AsyncIterator[tuple[UUID, list[DeviceReport]]]:
    """Yields each employee with their uploads in the order in which they were folded."""
    reports: dict[tuple[int, UUID, UUID], list[Claim]] = defaultdict(list)
    employee: UUID | None = None
    async for claim in claims:
        if employee is not None and claim.employee_id != employee:
            yield employee, _reports(employee, reports)
            reports = defaultdict(list)
        employee = claim.employee_id
        key = claim.revision, claim.upload_id, claim.device_id
        reports[key].append(Claim(ActivityKind(claim.kind), second_of(claim.at), claim.seconds))
    if employee is not None:
        yield employee, _reports(employee, reports)


def _reports(employee_id: UUID, claims: dict[tuple[int, UUID, UUID], list[Claim]]) -> list[DeviceReport]:
    return [DeviceReport(employee_id, device_id, found) for (_revision, _upload, device_id), found in claims.items()]
