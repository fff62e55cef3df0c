"""Deletes a session: it is no longer counted or shown, and repetitions of its data are recognised."""

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import NotFound
from tracking.clock.rules.days import day_of
from tracking.clock.rules.spans import Spans
from tracking.company.store import companies, levels
from tracking.company.store.companies import CompanyRow
from tracking.db.store.scope import company_scope
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.screenshots.store.screenshots import Screenshot
from tracking.session_deletion import store as session_deletion
from tracking.session_deletion.store import SessionToDelete
from tracking.sessions.rules import likely_end, seconds_alone, seconds_of
from tracking.sessions.store import sessions
from tracking.totals.rules.daybook import CompanyChange, Daybook, DayKey, EmployeeTotals, company_changes, hours_of
from tracking.totals.store import company_days, device_hours, employee_days, fold_queue
from tracking.totals.use_cases import Encode, announce, fold_company

NO_SUCH_SESSION = "There is no such session"


async def delete_session(
    engine: AsyncEngine,
    pictures: PictureStore,
    company_id: UUID,
    number: int,
    *,
    deleted_by: UUID,
    encode: Encode,
    now: datetime,
) -> None:
    """Deletes a session; an open one ends at its last heartbeat.

    Pictures are deleted first: after a failure the session can be deleted again, and no picture is left without one.
    NotFound: there is no such session, or it was deleted before. Unavailable: the picture store does not respond.
    """
    gone: dict[UUID, Screenshot] = {}
    while True:
        for screenshot in await _kept(engine, company_id, number):
            if screenshot.screenshot_id not in gone:
                await pictures.delete(company_id, screenshot.screenshot_id, screenshot.captured_at)
                gone[screenshot.screenshot_id] = screenshot
        while await fold_company(engine, company_id, encode):  # the device's records show when it ended
            pass
        async with company_scope(engine, company_id) as tx:
            is_deleted = await _delete(tx, company_id, number, gone, deleted_by=deleted_by, encode=encode, now=now)
        if is_deleted:
            break
    for screenshot in gone.values():  # a capture that was sent twice may have been written again meanwhile
        await pictures.delete(company_id, screenshot.screenshot_id, screenshot.captured_at)


async def _kept(engine: AsyncEngine, company_id: UUID, number: int) -> list[Screenshot]:
    async with company_scope(engine, company_id) as tx:
        session = await sessions.by_number(tx, number)
        if session is None or session.deleted:
            raise NotFound(NO_SUCH_SESSION)
        return [found for is_kept, found in await screenshots.of_session(tx, session.session_id) if is_kept]


async def _delete(
    tx: AsyncConnection,
    company_id: UUID,
    number: int,
    gone: Collection[UUID],
    *,
    deleted_by: UUID,
    encode: Encode,
    now: datetime,
) -> bool:
    """Deletes it. False, with no change: a screenshot has arrived that is not in `gone`."""
    company = await companies.next_revision(tx)  # locks the company: no fold can run until the transaction ends
    doomed = await session_deletion.lock(tx, number)  # and no screenshot can be added
    if company is None or doomed is None:
        raise NotFound(NO_SUCH_SESSION)
    captures = await screenshots.of_session(tx, doomed.session_id)
    kept = [screenshot for is_kept, screenshot in captures if is_kept]
    if any(screenshot.screenshot_id not in gone for screenshot in kept):
        return False
    seconds = await _end(tx, doomed, deleted_by=deleted_by, now=now)
    await session_deletion.erase_use(tx, doomed.session_id)
    await screenshots.free_storage(
        tx, await screenshots.remove(tx, [screenshot.screenshot_id for screenshot in kept], now)
    )
    changes = await _recount(
        tx, company, doomed, seconds, [screenshot.captured_at for _is_kept, screenshot in captures]
    )
    today = day_of(datetime.now(UTC), company.time_zone)
    if kept:
        changes.setdefault(today, CompanyChange())  # storage is a level
    if changes:
        revision, now_used = company.feed_revision, await levels.read(tx)
        await company_days.add(tx, company_id, changes, revision=revision, today=today, levels=now_used)
        await announce(tx, company_id, {day.replace(day=1) for day in changes}, encode)
    return True


async def _end(tx: AsyncConnection, doomed: SessionToDelete, *, deleted_by: UUID, now: datetime) -> Spans:
    """Ends it and takes the seconds that no other session has: of the person's use and, returned, of the device's time.

    The session lasts until its end or last heartbeat: what the device recorded afterwards may belong to a session that
    has yet to arrive. Other sessions are assumed to last as long as is likely.
    """
    end = doomed.course.seen_until
    own = seconds_of(doomed.course.started_at, end)
    others = [
        (device, seconds_of(course.started_at, likely_end(course, now)))
        for device, course in await session_deletion.beside(tx, doomed, end)
    ]
    use = seconds_alone(own, [span for _device, span in others])
    seconds = seconds_alone(own, [span for device, span in others if device == doomed.device_id])
    await session_deletion.mark(
        tx, doomed.session_id, ended_at=end, deleted_by=deleted_by, seconds=seconds, use=use, now=now
    )
    return seconds


async def _recount(
    tx: AsyncConnection, company: CompanyRow, doomed: SessionToDelete, seconds: Spans, captured: Collection[datetime]
) -> dict[date, CompanyChange]:
    """Recounts the person's days without the deleted seconds; returns the change of the company's days."""
    whose, zone, began = doomed.employee_id, company.time_zone, doomed.course.started_at
    book = Daybook(zone)
    if seconds and doomed.device_id:
        hours = {hour for start, end in seconds for hour in hours_of(start, end)}
        for hour, device_id, timeline in await device_hours.of_hours(tx, whose, hours):
            book.put(whose, hour, device_id, timeline)
        book.delete(whose, doomed.device_id, seconds)
        await device_hours.put(tx, company.company_id, list(book.changed_devices()))
    started = await fold_queue.withdraw(tx, kind=fold_queue.SESSION, employee_id=whose, moments=[began])
    taken = await fold_queue.withdraw(tx, kind=fold_queue.SCREENSHOT, employee_id=whose, moments=captured)
    fewer_sessions, fewer_screenshots = (_lost(whose, moments, zone) for moments in (started, taken))
    gains = book.gains(fewer_sessions, fewer_screenshots)
    before = await employee_days.read(tx, gains.keys())
    after = {key: before.get(key, EmployeeTotals()) + gain for key, gain in gains.items()}
    await employee_days.put(tx, company.company_id, after)
    return company_changes(before, after)


def _lost(whose: UUID, moments: Counter[datetime], time_zone: str) -> Counter[DayKey]:
    lost: Counter[DayKey] = Counter()
    for moment, count in moments.items():
        lost[whose, day_of(moment, time_zone)] -= count
    return lost


LATEST = timedelta(days=30)  # after a deletion; what arrives later is left out of reports only


async def erase_late_use(engine: AsyncEngine, dispatch: AsyncEngine, now: datetime) -> int:
    """Erases late use of sessions deleted within `LATEST`; returns the number of records."""
    async with dispatch.begin() as tx:
        companies = await session_deletion.companies_with_recent(tx, now - LATEST)
    emptied = 0
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            emptied += await session_deletion.erase_late_rows(tx, now - LATEST)
    return emptied
