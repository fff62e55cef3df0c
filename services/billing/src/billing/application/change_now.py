"""One step of one subscription's life: what most calls that change something have in common."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.application.announcing import Encode
from billing.application.change_plan import Changed
from billing.application.once import Request, once
from billing.application.recording import record
from billing.application.standing import standing
from billing.domain.change import Change
from billing.domain.subscription import Subscription

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
