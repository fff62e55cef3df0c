"""What a company's trackers record."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import NotFound
from tenancy.policies.rules.policy import TrackingPolicy
from tenancy.policies.store import policies


async def get_tracking_policy(engine: AsyncEngine, *, company_id: UUID) -> TrackingPolicy:
    """NotFound when there is no such company."""
    async with engine.begin() as tx:
        return await find_policy(tx, company_id)


async def find_policy(tx: AsyncConnection, company_id: UUID) -> TrackingPolicy:
    """The same, in the caller's transaction."""
    policy = await policies.get(tx, company_id)
    if policy is None:
        raise NotFound(f"there is no company {company_id}: look its id up in the list of companies")
    return policy
