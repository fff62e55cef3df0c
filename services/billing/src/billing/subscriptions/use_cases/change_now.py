"""One step of one subscription's life: what most calls that change something have in common."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.subscriptions.rules.change import Change
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_plan import Changed
from billing.subscriptions.use_cases.recording import record
from billing.subscriptions.use_cases.standing import standing

Decide = Callable[[AsyncConnection, Subscription, datetime], Awaitable[Change]]


async def change_now(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, now: datetime, decide: Decide
) -> bytes:
    """Records what `decide` makes of the subscription at that moment; what it raises leaves everything as it is."""

    async def act(tx: AsyncConnection) -> Changed:
        current, at = await standing(tx, encode, company_id, now)
        change = await decide(tx, current.subscription, at)
        step = (current.subscription, change)
        (after,) = await record(tx, encode, [step], action=request.action, now=now)
        return Changed(after, change.lines)

    return await once(engine, request, act)
