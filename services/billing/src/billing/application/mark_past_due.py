"""A payment is missing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.application.announcing import Encode
from billing.application.change_now import change_now
from billing.application.change_plan import Changed
from billing.application.once import Request
from billing.application.standing import must_be_open
from billing.domain import lifecycle
from billing.domain.change import Change
from billing.domain.subscription import Subscription
from billing.store import invoices


async def mark_past_due(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, now: datetime
) -> bytes:
    """The subscription will not be renewed until it is paid. NotFound, Refused when nothing is owed, or closed."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        return lifecycle.mark_past_due(current, at, owed=await invoices.owed(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
