"""Pictures are kept for as long as the company's plan says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.store import fold_queue, screenshots
from tracking.store.pictures import PictureStore
from tracking.store.scope import company_scope

AT_ONCE = 200

Retention = Callable[[UUID], timedelta | None]
"""For how long a company's screenshots are kept; None: nobody can tell now, so nothing is removed."""


async def remove_old_screenshots(
    engine: AsyncEngine, dispatch: AsyncEngine, pictures: PictureStore, retention: Retention, now: datetime
) -> bool:
    """Removes up to `AT_ONCE` of each company's screenshots that are too old; says whether any company has more."""
    async with dispatch.begin() as tx:
        oldest = await screenshots.oldest_by_company(tx)
    more = False
    for company_id, captured_at in oldest.items():
        kept_for = retention(company_id)
        if kept_for is not None and captured_at < now - kept_for:
            more |= await _remove(engine, pictures, company_id, now - kept_for, now)
    return more


async def _remove(
    engine: AsyncEngine, pictures: PictureStore, company_id: UUID, before: datetime, now: datetime
) -> bool:
    async with company_scope(engine, company_id) as tx:
        old = await screenshots.older(tx, before, limit=AT_ONCE)
    for screenshot in old:  # the files first: a row without one is removed again, a file without a row never
        await pictures.delete(company_id, screenshot.screenshot_id, screenshot.captured_at)
    async with company_scope(engine, company_id) as tx:
        freed = await screenshots.remove(tx, [screenshot.screenshot_id for screenshot in old], now)
        await screenshots.free_storage(tx, freed)
        await fold_queue.append(tx, company_id, kind=fold_queue.LEVELS, at=now, employee_id=None)
    return len(old) == AT_ONCE
