"""Folds what a company's trackers claim into its totals and announces the months that changed."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit import outbox
from servicekit.events import OutgoingEvent
from tracking.domain.daybook import CompanyChange, Daybook, DeviceReport, company_changes, second_of
from tracking.domain.days import day_of
from tracking.domain.timeline import Claim, Kind
from tracking.store import activities, companies, company_days, device_days, employee_days, fold_queue, levels
from tracking.store.companies import CompanyRow
from tracking.store.company_days import CompanyDayRow
from tracking.store.fold_queue import Entry
from tracking.store.scope import company_scope

ENTRIES_A_TURN = 5_000

Encode = Callable[[UUID, date, Sequence[CompanyDayRow]], OutgoingEvent]
"""Makes the event of a month from its first day and its days."""


async def fold_company(engine: AsyncEngine, company_id: UUID, encode: Encode) -> bool:
    """Folds up to `ENTRIES_A_TURN` entries in one transaction; says whether there may be more.

    Reads the kept state of the days that the entries touch and never a raw row again.
    """
    async with company_scope(engine, company_id) as tx:
        company = await companies.next_revision(tx)
        entries = await fold_queue.take(tx, ENTRIES_A_TURN) if company else []
        if company is None or not entries:
            return False
        today = day_of(datetime.now(UTC), company.time_zone)
        changes = await _count(tx, company, entries)
        if any(entry.kind in (fold_queue.LEVELS, fold_queue.SCREENSHOT) for entry in entries):
            changes.setdefault(today, CompanyChange())
        if changes:
            await company_days.add(
                tx, company_id, changes, revision=company.feed_revision, today=today, levels=await levels.read(tx)
            )
            await announce(tx, company_id, {day.replace(day=1) for day in changes}, encode)
        return len(entries) == ENTRIES_A_TURN


async def announce(tx: AsyncConnection, company_id: UUID, months: set[date], encode: Encode) -> None:
    """Appends the whole of each month to the outbox, in place of an older version that still waits there."""
    for first in sorted(months):
        end = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        days = await company_days.read(tx, first, end)
        await outbox.append(tx, encode(company_id, first, days))


async def _count(tx: AsyncConnection, company: CompanyRow, entries: Sequence[Entry]) -> dict[date, CompanyChange]:
    claims = [entry for entry in entries if entry.is_claim]
    new = await activities.insert_new(tx, company.company_id, claims, company.feed_revision)
    reports = reports_of([claim for claim in claims if claim.entry_id in new])
    book = Daybook(company.time_zone)
    for employee_id, day, device_id, timeline in await device_days.read(tx, book.days_touched(reports)):
        book.put(employee_id, day, device_id, timeline)
    for report in reports:
        book.fold(report)
    sessions, screenshots = (
        Counter(
            (entry.employee_id, day_of(entry.at, company.time_zone))
            for entry in entries
            if entry.kind == kind and entry.employee_id
        )
        for kind in (fold_queue.SESSION, fold_queue.SCREENSHOT)
    )
    changed = list(book.changed_devices())
    keys = {(employee_id, day.date) for employee_id, day, _device, _timeline in changed} | {*sessions, *screenshots}
    before = await employee_days.read(tx, keys)
    after = book.changed_employees(before, sessions, screenshots)
    await device_days.put(tx, company.company_id, changed)
    await employee_days.put(tx, company.company_id, after)
    return company_changes(before, after)


def reports_of(claims: Sequence[Entry]) -> list[DeviceReport]:
    """The claims put together again as the reports they came in, by their first entries."""
    reports: dict[tuple[UUID | None, UUID, UUID], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.employee_id and claim.device_id:
            key = claim.upload_id, claim.employee_id, claim.device_id
            reports[key].append(Claim(Kind(claim.kind), second_of(claim.at), claim.seconds))
    return [DeviceReport(employee, device, found) for (_upload, employee, device), found in reports.items()]
