"""All changes of a company's subscription."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.change import Record
from billing.subscriptions.store import subscriptions


async def list_subscription_history(
    engine: AsyncEngine, *, company_id: UUID, before_revision: int, limit: int
) -> list[Record]:
    """Up to `limit` rows older than a revision (0: from the newest on), newest first; none for an unknown company."""
    async with engine.begin() as tx:
        return await subscriptions.history(tx, company_id, before=before_revision, limit=limit)
