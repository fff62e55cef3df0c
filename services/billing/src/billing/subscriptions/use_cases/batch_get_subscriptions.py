"""The subscriptions of many companies."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.rules.change import Record
from billing.subscriptions.store import subscriptions
from servicekit.errors import InvalidInput

MOST = 1_000


async def batch_get_subscriptions(engine: AsyncEngine, *, company_ids: Sequence[UUID]) -> list[Record]:
    """In no order; companies that have none are left out. InvalidInput for more than 1,000."""
    if len(company_ids) > MOST:
        raise InvalidInput(f"{len(company_ids):,} companies are too many: ask for at most {MOST:,} at once.")
    async with engine.begin() as tx:
        return await subscriptions.current_of(tx, company_ids)
