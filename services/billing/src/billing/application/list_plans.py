"""What is on offer."""

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.domain.plan import Plan, cheapest_first
from billing.store import plans


async def list_plans(engine: AsyncEngine) -> list[Plan]:
    """The newest version of each plan, cheapest first."""
    async with engine.begin() as tx:
        return cheapest_first(await plans.on_offer(tx))
