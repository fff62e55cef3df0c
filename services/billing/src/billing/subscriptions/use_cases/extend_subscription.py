"""A company gets free days."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request
from billing.subscriptions.rules.change import Change
from billing.subscriptions.rules.lifecycle import extend
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.change_now import change_now
from billing.subscriptions.use_cases.change_plan import Changed
from billing.subscriptions.use_cases.standing import must_be_open
from servicekit.errors import InvalidInput, Refused

MOST_DAYS = 366


async def extend_subscription(
    engine: AsyncEngine, encode: Encode, *, request: Request[Changed], company_id: UUID, days: int, now: datetime
) -> bytes:
    """Days at the end of the period, or from `now` on when it is over.

    InvalidInput beyond 366 days; NotFound; Refused when the company was closed.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"Days must be 1 to {MOST_DAYS}, not {days:,}.")

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        change = extend(current, at, max(at, current.expires_at) + timedelta(days=days))
        if change is None:
            raise Refused("The subscription lasts that long already.")
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
