"""Another version of a plan goes on offer."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.application.once import Request, once
from billing.domain.plan import Plan, next_version
from billing.store import plans


async def create_plan_version(engine: AsyncEngine, *, request: Request[Plan], terms: Plan) -> bytes:
    """The first version of a new plan, or the next one; existing subscriptions keep theirs.

    Conflict when the newest version has these terms; Refused in another currency than the platform's.
    """

    async def act(tx: AsyncConnection) -> Plan:
        plan = next_version(terms, await plans.on_offer(tx))
        await plans.add(tx, plan)
        return plan

    return await once(engine, request, act)
