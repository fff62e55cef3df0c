"""Removes screenshots older than the company's retention; a shorter retention takes effect after a day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.company.rules.screenshot_retention import Retention, follow
from tracking.company.store import screenshot_retention
from tracking.db.store.scope import company_scope
from tracking.screenshots.store import screenshots
from tracking.screenshots.store.pictures import PictureStore
from tracking.totals.store import fold_queue

AT_ONCE = 200

PlanRetention = Callable[[UUID], timedelta | None]
"""A company's retention; None: unknown at present, so nothing is removed."""


async def remove_old_screenshots(
    engine: AsyncEngine, dispatch: AsyncEngine, pictures: PictureStore, retention: PlanRetention, now: datetime
) -> bool:
    """Removes up to `AT_ONCE` expired screenshots of each company; returns whether any company has more."""
    async with dispatch.begin() as tx:
        oldest = await screenshots.oldest_by_company(tx)
        known = await screenshot_retention.of_all(tx)
    more = False
    for company_id, captured_at in oldest.items():
        planned = retention(company_id)
        if planned is None:
            continue
        kept_for = (await _follow(engine, company_id, known.get(company_id), planned, now)).kept_for
        if captured_at < now - kept_for:
            more |= await _remove(engine, pictures, company_id, now - kept_for, now)
    return more


async def _follow(
    engine: AsyncEngine, company_id: UUID, known: Retention | None, planned: timedelta, now: datetime
) -> Retention:
    followed = follow(known, planned.days, now)
    if followed != known:
        async with company_scope(engine, company_id) as tx:
            await screenshot_retention.put(tx, company_id, followed)
    return followed


async def _remove(
    engine: AsyncEngine, pictures: PictureStore, company_id: UUID, before: datetime, now: datetime
) -> bool:
    async with company_scope(engine, company_id) as tx:
        old = await screenshots.older(tx, before, limit=AT_ONCE)
    for screenshot in old:  # files first: a row without files can be removed again, files without a row never
        await pictures.delete(company_id, screenshot.screenshot_id, screenshot.captured_at)
    async with company_scope(engine, company_id) as tx:
        freed = await screenshots.remove(tx, [screenshot.screenshot_id for screenshot in old], now)
        await screenshots.free_storage(tx, freed)
        await fold_queue.append(tx, company_id, kind=fold_queue.LEVELS, at=now, employee_id=None)
    return len(old) == AT_ONCE
