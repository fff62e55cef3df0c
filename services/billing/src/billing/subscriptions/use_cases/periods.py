"""The end of periods: a scheduled change is applied, then the subscription renews or expires."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.limits import store as usage
from billing.limits.rules import UsageLevel, limit_violations
from billing.subscriptions.rules.changes import SubscriptionRecord, Transition
from billing.subscriptions.rules.closing import require_open
from billing.subscriptions.rules.lifecycle import end_period, is_due
from billing.subscriptions.rules.plan_change import ScheduledChangeState, apply_plan
from billing.subscriptions.store import company_events, scheduled_changes
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import NotFound

log = structlog.get_logger()

PERIOD_END = Action("billing", "the period ended")


async def end_periods(engine: AsyncEngine, encode: Encode, *, now: datetime, limit: int = 500) -> bool:
    """Ends up to `limit` periods in one transaction, oldest first; True when there were any, so that more may be due.

    The rows tell what is due. After an outage, each change is valid from the moment it was due, and a company that
    missed several periods goes through them one call after the other.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        ended = await subscriptions.ended(tx, now=now, limit=limit)
        await end_current_periods(tx, encode, ended, now=now)
    if ended:
        log.info("periods ended", count=len(ended))
    return bool(ended)


async def end_current_periods(
    tx: AsyncConnection, encode: Encode, due: Sequence[SubscriptionRecord], *, now: datetime
) -> list[SubscriptionRecord]:
    """Ends the current period of each subscription; all of these have reached its end. The caller holds the clock.

    A scheduled change whose limits are below the usage level of today is refused, and the subscription keeps its plan.
    The subscription of a company that was closed during the period is not renewed.
    """
    current = {each.company_id: each for each in due}
    scheduled = await scheduled_changes.pending_of(tx, list(current))
    in_use = await usage.newest_of(tx, list(scheduled))
    changes: list[Transition] = []
    for company_id, waiting in scheduled.items():
        before = current[company_id].subscription
        found = limit_violations(before.plan, waiting.plan, in_use.get(company_id, UsageLevel()))
        state = ScheduledChangeState.REFUSED if found else ScheduledChangeState.APPLIED
        await scheduled_changes.settle(tx, company_id, state, before.expires_at, "; ".join(map(str, found)))
        if not found:
            changes.append((before, apply_plan(before, waiting.plan, before.expires_at)))
    for each in await record_changes(tx, encode, changes, action=PERIOD_END, now=now):
        current[each.company_id] = each
    closed = await company_events.closings_of(tx, list(current))
    steps = [
        (each.subscription, end_period(each.subscription, closed_at=closed.get(each.company_id)))
        for each in current.values()
    ]
    return await record_changes(tx, encode, steps, action=PERIOD_END, now=now)


async def load_current(
    tx: AsyncConnection, encode: Encode, company_id: UUID, now: datetime
) -> tuple[SubscriptionRecord, datetime]:
    """The company's subscription, with every due end of a period applied, and the moment of the next change.

    NotFound without a subscription. The caller holds the revision clock. The next change is never earlier than the one
    before it, although calls that waited for the lock may run in another order than they arrived.
    """
    current = await load_record(tx, company_id)
    while is_due(current.subscription, now):
        (current,) = await end_current_periods(tx, encode, [current], now=now)
    return current, max(now, current.at)


async def require_open_company(tx: AsyncConnection, company_id: UUID) -> None:
    """Refused when the company was closed."""
    require_open(await company_events.closed_at(tx, company_id))


async def load_record(tx: AsyncConnection, company_id: UUID) -> SubscriptionRecord:
    """The current record of the company; NotFound without one."""
    current = await subscriptions.current(tx, company_id)
    if current is None:
        raise NotFound(f"Company {company_id} has no subscription.")
    return current
