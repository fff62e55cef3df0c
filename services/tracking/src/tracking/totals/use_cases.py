"""Folds claims into totals and publishes the months that changed, many companies in one transaction."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import starmap
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit import outbox
from servicekit.events import OutgoingEvent
from tracking.clock.rules.days import day_of
from tracking.db.store.scope import companies_scope, company_scope
from tracking.totals.rules.daybook import (
    CompanyChange,
    Daybook,
    DayKey,
    DeviceReport,
    EmployeeTotals,
    HourKey,
    company_changes,
)
from tracking.totals.rules.timeline import ActivityKind, Claim
from tracking.totals.store import company_days, fold_queue, folding
from tracking.totals.store.company_days import CompanyDayRow
from tracking.totals.store.folding import LockedCompany, QueueEntry

ENTRIES_PER_TURN = 20_000
_KINDS = {str(kind): kind for kind in ActivityKind}  # comparing with members of an enumeration is slow

Encode = Callable[[UUID, date, Sequence[CompanyDayRow]], OutgoingEvent]
"""Creates the event of a month from its first day and its days."""


async def fold_company(engine: AsyncEngine, company_id: UUID, encode: Encode) -> bool:
    """Folds about `ENTRIES_PER_TURN` entries of one company; returns whether there may be more."""
    async with company_scope(engine, company_id) as tx:
        return await _fold(tx, [company_id], encode, wait=True)


async def fold_companies(engine: AsyncEngine, company_ids: Collection[UUID], encode: Encode) -> bool:
    """Folds about `ENTRIES_PER_TURN` entries in one transaction; returns whether there may be more.

    `engine` has the fold role. A company that is locked elsewhere waits for the next turn.
    """
    async with companies_scope(engine, company_ids) as tx:
        return await _fold(tx, company_ids, encode, wait=False)


async def announce(tx: AsyncConnection, company_id: UUID, months: set[date], encode: Encode) -> None:
    """Appends each month to the outbox; it replaces an older version that still waits there."""
    for first in sorted(months):
        end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        days = await company_days.read(tx, first, end)
        await outbox.append(tx, encode(company_id, first, days))


async def _fold(tx: AsyncConnection, company_ids: Collection[UUID], encode: Encode, *, wait: bool) -> bool:
    """Reads the stored hours that the entries touch, and no raw row."""
    turns = {held.company_id: _Turn(held) for held in await folding.lock(tx, company_ids, wait=wait)}
    entries = await folding.take(tx, turns.keys(), ENTRIES_PER_TURN) if turns else []
    for entry in entries:
        turns[entry.company_id].entries.append(entry)
    turns = {company_id: turn for company_id, turn in turns.items() if turn.entries}
    if not turns:
        return False
    hours = [(company_id, *hour) for company_id, turn in turns.items() for hour in turn.hours_touched()]
    for company_id, employee_id, hour, device_id, timeline in await folding.device_hours(tx, hours):
        turns[company_id].book.put(employee_id, hour, device_id, timeline)
    for turn in turns.values():
        turn.book.fold(turn.reports)
    await folding.put_device_hours(
        tx, [(company_id, *hour) for company_id, turn in turns.items() for hour in turn.book.changed_devices()]
    )
    gains = {(company_id, *key): gain for company_id, turn in turns.items() for key, gain in turn.gains().items()}
    for key, totals in (await folding.add_employee_days(tx, gains)).items():
        turns[key[0]].counted(key[1:], totals, gains[key])
    changes = [(turn.held, day, change) for company_id, turn in turns.items() for day, change in turn.changes().items()]
    await folding.add_company_days(tx, changes, {company_id: turn.today for company_id, turn in turns.items()})
    months = {(held.company_id, day.replace(day=1)) for held, day, _change in changes}
    announced = [
        (company_id, encode(company_id, first, days))
        for (company_id, first), days in (await folding.company_days(tx, sorted(months))).items()
    ]
    await folding.announce(tx, announced)
    return len(entries) >= ENTRIES_PER_TURN


class _Turn:
    """One company's part of a fold."""

    def __init__(self, held: LockedCompany) -> None:
        self.held = held
        self.today = day_of(datetime.now(UTC), held.time_zone)
        self.entries: list[QueueEntry] = []
        self.book = Daybook(held.time_zone)
        self._before: dict[DayKey, EmployeeTotals] = {}  # of the days that change
        self._after: dict[DayKey, EmployeeTotals] = {}

    @cached_property
    def reports(self) -> list[DeviceReport]:
        return reports_of(self.entries)

    def hours_touched(self) -> set[HourKey]:
        return {(report.employee_id, hour) for report in self.reports for hour in report.hours}

    def gains(self) -> dict[DayKey, EmployeeTotals]:
        return self.book.gains(self._moments(fold_queue.SESSION), self._moments(fold_queue.SCREENSHOT))

    def counted(self, key: DayKey, totals: EmployeeTotals, gain: EmployeeTotals) -> None:
        self._before[key], self._after[key] = totals - gain, totals

    def changes(self) -> dict[date, CompanyChange]:
        changes = company_changes(self._before, self._after)
        if any(entry.kind in (fold_queue.LEVELS, fold_queue.SCREENSHOT) for entry in self.entries):
            changes.setdefault(self.today, CompanyChange())
        return changes

    def _moments(self, kind: str) -> Counter[DayKey]:
        return Counter(
            (entry.employee_id, day_of(datetime.fromtimestamp(entry.at, UTC), self.held.time_zone))
            for entry in self.entries
            if entry.kind == kind and entry.employee_id
        )


def reports_of(entries: Sequence[QueueEntry]) -> list[DeviceReport]:
    """Groups the new claims into the reports they came in, ordered by their first entries."""
    # Keyed by the integers of the ids, since a UUID hashes in Python.
    reports: dict[tuple[int, int, int], tuple[UUID, UUID, list[Claim]]] = {}
    for _entry_id, is_new, _company, upload_id, employee_id, device_id, kind, at, seconds in entries:
        if is_new and kind in _KINDS and upload_id and employee_id and device_id:
            key = upload_id.int, employee_id.int, device_id.int
            report = reports.get(key)
            if report is None:
                report = reports[key] = employee_id, device_id, []
            report[2].append(Claim(_KINDS[kind], at, seconds))
    return list(starmap(DeviceReport, reports.values()))
