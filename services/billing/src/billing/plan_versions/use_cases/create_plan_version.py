"""Another version of a plan goes on offer."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.plans.rules.plan import Plan, next_version
from billing.plans.store import plans


async def create_plan_version(engine: AsyncEngine, *, request: Request[Plan], terms: Plan) -> bytes:
    """The first version of a new plan, or the next one; existing subscriptions keep theirs.

    Conflict when the newest version has these terms; Refused in another currency than the platform's.
    """

    async def act(tx: AsyncConnection) -> Plan:
        plan = next_version(terms, await plans.on_offer(tx))
        await plans.add(tx, plan)
        return plan

    return await once(engine, request, act)
