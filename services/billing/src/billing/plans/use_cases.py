"""What is on offer, and what was."""

from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.plans import store as plans
from billing.plans.rules import Plan, cheapest_first


async def list_plans(engine: AsyncEngine, *, all_versions: bool = False) -> list[Plan]:
    """The newest version of each plan, cheapest first; with `all_versions` each is followed by its older ones."""
    async with engine.begin() as tx:
        if not all_versions:
            return cheapest_first(await plans.on_offer(tx))
        versions = {code: list(group) for code, group in groupby(await plans.ever(tx), key=lambda plan: plan.code)}
    newest = cheapest_first(group[0] for group in versions.values())
    return [version for plan in newest for version in versions[plan.code]]
