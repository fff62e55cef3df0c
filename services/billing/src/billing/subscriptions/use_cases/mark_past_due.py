"""A payment is missing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request
from billing.invoices.store import invoices
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.rules.change import Change
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_now import change_now
from billing.subscriptions.use_cases.change_plan import Changed
from billing.subscriptions.use_cases.standing import must_be_open


async def mark_past_due(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, now: datetime
) -> bytes:
    """The subscription will not be renewed until it is paid. NotFound, Refused when nothing is owed, or closed."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        return lifecycle.mark_past_due(current, at, owed=await invoices.owed(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
