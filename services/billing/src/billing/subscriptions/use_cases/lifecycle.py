"""Owner actions on one subscription: renew, extend, cancel, mark as past due."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices import store as invoices
from billing.subscriptions.rules import lifecycle
from billing.subscriptions.rules.changes import Change
from billing.subscriptions.rules.lifecycle import cancel, extend, renew
from billing.subscriptions.rules.plan_change import ScheduledChangeState
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.periods import load_current, require_open_company
from billing.subscriptions.use_cases.plan_change import ChangeResult
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import InvalidInput, Refused

Decide = Callable[[AsyncConnection, Subscription, datetime], Awaitable[Change]]


async def change_now(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime, decide: Decide
) -> ChangeResult:
    """Records the change that `decide` returns for the subscription; when it raises, nothing changes."""

    async def act(tx: AsyncConnection) -> ChangeResult:
        current, at = await load_current(tx, encode, company_id, now)
        change = await decide(tx, current.subscription, at)
        step = (current.subscription, change)
        (after,) = await record_changes(tx, encode, [step], action=request.action, now=now)
        return ChangeResult(after, change.lines)

    return await carry_out(engine, request, act)


async def renew_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime
) -> ChangeResult:
    """Starts a charged month, or revokes a cancellation.

    NotFound without a subscription; Refused as by `lifecycle.renew`, and when the company was closed.
    """

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await require_open_company(tx, company_id)
        return renew(current, at, balance=await invoices.balance(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)


MAX_FREE_DAYS = 366


async def extend_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, days: int, now: datetime
) -> ChangeResult:
    """Adds free days at the end of the period, or from `now` on when it has ended.

    InvalidInput beyond 366 days; NotFound without a subscription; Refused when the company was closed.
    """
    if not 1 <= days <= MAX_FREE_DAYS:
        raise InvalidInput(f"Days must be 1 to {MAX_FREE_DAYS}, not {days:,}.", field="days")

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await require_open_company(tx, company_id)
        change = extend(current, at, max(at, current.expires_at) + timedelta(days=days))
        if change is None:
            raise Refused("The subscription already lasts that long.")
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)


async def cancel_subscription(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, at_once: bool, now: datetime
) -> ChangeResult:
    """Ends it with its period, or at once with a credit, and withdraws a scheduled change.

    NotFound without a subscription; Refused as by `lifecycle.cancel`.
    """

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        change = cancel(current, at, at_once=at_once)
        await scheduled_changes.settle(
            tx, company_id, ScheduledChangeState.WITHDRAWN, at, "the subscription was cancelled"
        )
        return change

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)


async def mark_past_due(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, now: datetime
) -> ChangeResult:
    """Stops the renewal until the balance is paid.

    NotFound without a subscription; Refused without a balance due, and when the company was closed.
    """

    async def decide(tx: AsyncConnection, current: Subscription, at: datetime) -> Change:
        await require_open_company(tx, company_id)
        return lifecycle.mark_past_due(current, at, balance=await invoices.balance(tx, company_id))

    return await change_now(engine, encode, request=request, company_id=company_id, now=now, decide=decide)
