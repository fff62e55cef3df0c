"""Rebuilds the aggregate feed from tracking's tables."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.company.store import companies
from tracking.db.store.scope import company_scope
from tracking.totals.store import company_days
from tracking.totals.use_cases import Encode, announce


async def rebuild_feed(engine: AsyncEngine, company_id: UUID, encode: Encode) -> int:
    """Appends the company's months to the outbox and returns their number. Equal messages in the stream stay valid."""
    async with company_scope(engine, company_id) as tx:
        await companies.lock(tx)  # otherwise a fold could publish a newer version first
        months = await company_days.months(tx)
        await announce(tx, company_id, set(months), encode)
    return len(months)
