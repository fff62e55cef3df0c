"""What was it on that date."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.change import Record
from billing.subscriptions.store import subscriptions
from servicekit.errors import InvalidInput, NotFound


async def get_subscription_at(engine: AsyncEngine, *, company_id: UUID, at: datetime, now: datetime) -> Record:
    """The row that held then. InvalidInput for a moment that lies ahead, NotFound before the company's first row."""
    if at > now:
        raise InvalidInput("at lies ahead: what will be is in the scheduled changes")
    async with engine.begin() as tx:
        record = await subscriptions.at(tx, company_id, at)
    if record is None:
        raise NotFound(f"company {company_id} had no subscription at {at.isoformat()}")
    return record
