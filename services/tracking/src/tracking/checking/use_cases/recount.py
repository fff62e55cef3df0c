"""Recomputes a company's days from the stored hours of its devices: after a change of time zone, or as a repair."""

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.clock.rules.days import day_of
from tracking.company.store import companies, levels
from tracking.db.store.scope import company_scope
from tracking.people import store as employees
from tracking.screenshots.store import screenshots
from tracking.sessions.store import sessions
from tracking.totals.rules.daybook import CompanyChange, Daybook, DayKey, EmployeeTotals, company_changes
from tracking.totals.store import company_days, device_hours, employee_days
from tracking.totals.use_cases import Encode, announce


async def recount(engine: AsyncEngine, company_id: UUID, encode: Encode) -> int:
    """Corrects the days of employees and of the company; returns how many of the company's days were wrong.

    The stored hours themselves are taken as correct: a difference in a device's hours, as `reconcile` reports it,
    stays.
    """
    async with company_scope(engine, company_id) as tx:
        return await recount_days(tx, company_id, encode)


async def recount_days(tx: AsyncConnection, company_id: UUID, encode: Encode) -> int:
    """Does the same in a transaction that may have changed the company's time zone."""
    company = await companies.next_revision(tx)  # locks the company: no fold can run until the transaction ends
    if company is None:
        return 0
    days = await _everyones_days(tx, company.time_zone)
    await employee_days.put(tx, company_id, dict.fromkeys(await employee_days.everything(tx), EmployeeTotals()) | days)
    changes = await _wrong(tx, company_changes({}, days))
    if changes:
        today, now_used = day_of(datetime.now(UTC), company.time_zone), await levels.read(tx)
        await company_days.add(tx, company_id, changes, revision=company.feed_revision, today=today, levels=now_used)
        await announce(tx, company_id, {day.replace(day=1) for day in changes}, encode)
    return len(changes)


async def _everyones_days(tx: AsyncConnection, time_zone: str) -> dict[DayKey, EmployeeTotals]:
    started = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in sessions.counted(tx)])
    taken = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in screenshots.counted(tx)])
    days = Daybook(time_zone).gains(started, taken)
    for person in await employees.everyone(tx):
        book = Daybook(time_zone)  # one person at a time: years of a whole company would fill the memory
        for hour, device_id, timeline in await device_hours.of_employee(tx, person.employee_id):
            book.change(person.employee_id, hour, device_id, timeline)  # each hour counts as new
        for key, gain in book.gains({}, {}).items():
            days[key] = days.get(key, EmployeeTotals()) + gain
    return days


async def _wrong(tx: AsyncConnection, right: dict[date, CompanyChange]) -> dict[date, CompanyChange]:
    """The corrections that the company's stored days need."""
    kept = {row.day: row.sums for row in await company_days.read(tx, date.min, date.max)}
    needs = {
        day: right.get(day, CompanyChange()) - kept.get(day, CompanyChange()) for day in right.keys() | kept.keys()
    }
    return {day: change for day, change in needs.items() if change != CompanyChange()}
