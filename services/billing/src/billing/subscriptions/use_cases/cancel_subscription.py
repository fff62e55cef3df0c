"""A subscription is to end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request
from billing.subscriptions.rules.change import Change
from billing.subscriptions.rules.lifecycle import cancel
from billing.subscriptions.rules.plan_change import ScheduledState
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_now import change_now
from billing.subscriptions.use_cases.change_plan import Changed


async def cancel_subscription(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, at_once: bool, now: datetime
) -> bytes:
    """Ends it with the period, or at once with a credit; a scheduled change is withdrawn. NotFound, Refused."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        change = cancel(current, at, at_once=at_once)
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, "the subscription was cancelled")
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
