"""A company moves to another time zone: its days begin at another midnight, the past ones too."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracking.application.fold_company import Encode, announce
from tracking.domain.daybook import CompanyChange, Daybook, DayKey, EmployeeTotals, company_changes
from tracking.domain.days import day_of
from tracking.store import (
    companies,
    company_days,
    device_hours,
    employee_days,
    employees,
    levels,
    screenshots,
    sessions,
)
from tracking.store.scope import company_scope

log = structlog.get_logger()


class TimeZones:
    """Follows what tenancy says of all companies, one company's transaction after another."""

    def __init__(self, engine: AsyncEngine, dispatch: AsyncEngine, encode: Encode) -> None:
        self._engine = engine
        self._dispatch = dispatch
        self._encode = encode
        self._followed = -1

    async def follow(self, revision: int, wanted: Callable[[], Mapping[UUID, str]]) -> bool:
        """Brings companies to the time zones of that `revision` of what is `wanted`; one's failure holds up no other.

        Returns False: there is never more to do at once.
        """
        if revision == self._followed:
            return False
        async with self._dispatch.begin() as tx:
            known = await companies.time_zones(tx)
        failed = False
        zones = wanted()
        for company_id in known.keys() & zones.keys():
            if known[company_id] != zones[company_id]:
                try:
                    await change_time_zone(self._engine, company_id, zones[company_id], self._encode)
                except Exception as error:
                    log.error("time zone not changed", company_id=str(company_id), error=repr(error))
                    failed = True
        self._followed = self._followed if failed else revision
        return False


async def change_time_zone(engine: AsyncEngine, company_id: UUID, time_zone: str, encode: Encode) -> bool:
    """Counts all days anew and announces every month that changes; False when the company is there already.

    Which seconds were worked does not depend on the time zone, only the days they belong to: no raw row is read, and
    what is kept of devices stays as it is.
    """
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)
        old = await companies.get(tx)
        if old is None or old.time_zone == time_zone:
            return False
        await companies.set_time_zone(tx, time_zone)
        moved = await companies.next_revision(tx)
        if moved is None:
            return False
        before = await employee_days.everything(tx)
        after = dict.fromkeys(before, EmployeeTotals())
        after |= await _everyones_days(tx, time_zone)
        await employee_days.put(tx, company_id, after)
        changes = {day: change for day, change in company_changes(before, after).items() if change != CompanyChange()}
        if changes:
            await company_days.add(
                tx,
                company_id,
                changes,
                revision=moved.feed_revision,
                today=day_of(datetime.now(UTC), time_zone),
                levels=await levels.read(tx),
            )
            await announce(tx, company_id, {day.replace(day=1) for day in changes}, encode)
    log.info("time zone changed", company_id=str(company_id), days=len(changes))
    return True


async def _everyones_days(tx: AsyncConnection, time_zone: str) -> dict[DayKey, EmployeeTotals]:
    started = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in sessions.counted(tx)])
    taken = Counter([(employee_id, day_of(at, time_zone)) async for employee_id, at in screenshots.counted(tx)])
    book = Daybook(time_zone)
    for person in await employees.everyone(tx):
        for hour, device_id, timeline in await device_hours.of_employee(tx, person.employee_id):
            book.change(person.employee_id, hour, device_id, timeline)
    return book.gains(started, taken)
