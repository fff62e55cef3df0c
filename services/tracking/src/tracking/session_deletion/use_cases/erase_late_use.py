"""What was in front during a deleted session is erased, too, when it comes after the deletion."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.db.store.scope import company_scope
from tracking.session_deletion import store as session_deletion

LATEST = timedelta(days=30)  # after a deletion; what comes later still is left out of reports alone


async def erase_late_use(engine: AsyncEngine, dispatch: AsyncEngine, now: datetime) -> int:
    """Empties records of use that belong to sessions deleted not longer than `LATEST` ago; returns how many."""
    async with dispatch.begin() as tx:
        companies = await session_deletion.companies_with_recent(tx, now - LATEST)
    emptied = 0
    for company_id in companies:
        async with company_scope(engine, company_id) as tx:
            emptied += await session_deletion.empty_late_use(tx, now - LATEST)
    return emptied
