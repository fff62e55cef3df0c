"""A company starts to pay, or pays again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.application.announcing import Encode
from billing.application.change_now import change_now
from billing.application.change_plan import Changed
from billing.application.once import Request
from billing.application.standing import must_be_open
from billing.domain.change import Change
from billing.domain.lifecycle import renew
from billing.domain.subscription import Subscription
from billing.store import invoices


async def renew_subscription(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, now: datetime
) -> bytes:
    """Starts a charged month, or takes back a cancellation.

    NotFound; Refused as `lifecycle.renew` says, and when the company was closed.
    """

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        return renew(current, at, owed=await invoices.owed(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
