"""What an owner does with one subscription: renew, extend, cancel, mark as past due."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices import store as invoices
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.rules.changes import Change
from billing.subscriptions.rules.lifecycle import cancel, extend, renew
from billing.subscriptions.rules.plan_change import ScheduledState
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.periods import must_be_open, standing
from billing.subscriptions.use_cases.plan_change import Changed
from billing.subscriptions.use_cases.record_changes import Encode, record
from servicekit.errors import InvalidInput, Refused

Decide = Callable[[AsyncConnection, Subscription, datetime], Awaitable[Change]]


async def change_now(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime, decide: Decide
) -> Changed:
    """Records what `decide` makes of the subscription at that moment; what it raises leaves everything as it is."""

    async def act(tx: AsyncConnection) -> Changed:
        current, at = await standing(tx, encode, company_id, now)
        change = await decide(tx, current.subscription, at)
        step = (current.subscription, change)
        (after,) = await record(tx, encode, [step], action=request.action, now=now)
        return Changed(after, change.lines)

    return await carry_out(engine, request, act)


async def renew_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime
) -> Changed:
    """Starts a charged month, or takes back a cancellation.

    NotFound; Refused as `lifecycle.renew` says, and when the company was closed.
    """

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        return renew(current, at, owed=await invoices.owed(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)


MOST_DAYS = 366


async def extend_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, days: int, now: datetime
) -> Changed:
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


async def cancel_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, at_once: bool, now: datetime
) -> Changed:
    """Ends it with the period, or at once with a credit; a scheduled change is withdrawn. NotFound, Refused."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        change = cancel(current, at, at_once=at_once)
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, "the subscription was cancelled")
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)


async def mark_past_due(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime
) -> Changed:
    """The subscription will not be renewed until it is paid. NotFound, Refused when nothing is owed, or closed."""

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await must_be_open(tx, company_id)
        return lifecycle.mark_past_due(current, at, owed=await invoices.owed(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
