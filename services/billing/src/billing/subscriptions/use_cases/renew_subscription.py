"""A company starts to pay, or pays again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request
from billing.invoices.store import invoices
from billing.subscriptions.rules.change import Change
from billing.subscriptions.rules.lifecycle import renew
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_now import change_now
from billing.subscriptions.use_cases.change_plan import Changed
from billing.subscriptions.use_cases.standing import must_be_open


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
