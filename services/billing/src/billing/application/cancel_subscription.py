"""A subscription is to end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.application.announcing import Encode
from billing.application.change_now import change_now
from billing.application.change_plan import Changed
from billing.application.once import Request
from billing.domain.change import Change
from billing.domain.lifecycle import cancel
from billing.domain.plan_change import ScheduledState
from billing.domain.subscription import Subscription
from billing.store import scheduled_changes


async def cancel_subscription(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, at_once: bool, now: datetime
) -> bytes:
    """Ends it with the period, or at once with a credit; a scheduled change is withdrawn. NotFound, Refused."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        change = cancel(current, at, at_once=at_once)
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, "the subscription was cancelled")
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
