"""What is due at the end of periods: a scheduled change of plan, then another month or the end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.limits import store as usage
from billing.limits.rules import Use, shortages
from billing.subscriptions.rules.changes import Record
from billing.subscriptions.rules.closing import refuse_closed
from billing.subscriptions.rules.lifecycle import end_period, is_due
from billing.subscriptions.rules.plan_change import ScheduledState, apply_plan
from billing.subscriptions.store import company_events, scheduled_changes
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.record_changes import Encode, Step, record
from servicekit.errors import NotFound

log = structlog.get_logger()

PERIOD_END = Action("billing", "the period ended")


async def end_periods(engine: AsyncEngine, encode: Encode, *, now: datetime, limit: int = 500) -> bool:
    """Ends up to `limit` periods in one transaction, oldest first; says whether there were any, so more may wait.

    What is due is asked of the rows, so time in which nobody called it is made up for: each step holds from its own
    moment, and a company that missed several periods goes through all of them, one a call.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        ended = await subscriptions.ended(tx, now=now, limit=limit)
        await end(tx, encode, ended, now=now)
    if ended:
        log.info("periods ended", count=len(ended))
    return bool(ended)


async def end(tx: AsyncConnection, encode: Encode, due: Sequence[Record], *, now: datetime) -> list[Record]:
    """Takes each of these, whose periods are over, one step on. The caller holds the clock's lock.

    A scheduled change that the use of today forbids is refused, and the subscription goes on with its plan. That of a
    company that was closed before the period's end goes on no more.
    """
    current = {each.company_id: each for each in due}
    scheduled = await scheduled_changes.pending_of(tx, list(current))
    in_use = await usage.newest_of(tx, list(scheduled))
    changes: list[Step] = []
    for company_id, waiting in scheduled.items():
        before = current[company_id].subscription
        found = shortages(before.plan, waiting.plan, in_use.get(company_id, Use()))
        state = ScheduledState.REFUSED if found else ScheduledState.APPLIED
        await scheduled_changes.settle(tx, company_id, state, before.expires_at, "; ".join(map(str, found)))
        if not found:
            changes.append((before, apply_plan(before, waiting.plan, before.expires_at)))
    for each in await record(tx, encode, changes, action=PERIOD_END, now=now):
        current[each.company_id] = each
    closed = await company_events.closings_of(tx, list(current))
    steps = [
        (each.subscription, end_period(each.subscription, closed_at=closed.get(each.company_id)))
        for each in current.values()
    ]
    return await record(tx, encode, steps, action=PERIOD_END, now=now)


async def standing(tx: AsyncConnection, encode: Encode, company_id: UUID, now: datetime) -> tuple[Record, datetime]:
    """The company's subscription and the moment from which a change of it holds. NotFound when it has none.

    The caller holds the clock's lock. Calls that waited for each other may come in another order than their clocks
    say: a change never holds from before the one that it follows.
    """
    current = await find(tx, company_id)
    while is_due(current.subscription, now):
        (current,) = await end(tx, encode, [current], now=now)
    return current, max(now, current.at)


async def must_be_open(tx: AsyncConnection, company_id: UUID) -> None:
    """Refused when the company was closed."""
    refuse_closed(await company_events.closed_at(tx, company_id))


async def find(tx: AsyncConnection, company_id: UUID) -> Record:
    """The company's subscription as the rows say; NotFound when it has none."""
    current = await subscriptions.current(tx, company_id)
    if current is None:
        raise NotFound(f"Company {company_id} has no subscription.")
    return current
