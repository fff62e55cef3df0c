"""What will change at the end of periods."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.plan_change import ScheduledChange
from billing.subscriptions.store import scheduled_changes


async def list_scheduled_changes(
    engine: AsyncEngine, *, company_id: UUID | None, settled_too: bool, after: UUID | None, limit: int
) -> list[ScheduledChange]:
    """Up to `limit` of one company or of all, oldest first, after one; with `settled_too` also what came of others."""
    async with engine.begin() as tx:
        return await scheduled_changes.page(
            tx, company_id=company_id, settled_too=settled_too, after=after, limit=limit
        )
