"""What is due at the end of periods: a scheduled change of plan, then another month or the end."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.rules.action import PERIOD_END
from billing.db.store import clock
from billing.limits.rules.limits import Use, shortages
from billing.limits.store import usage
from billing.subscriptions.rules.change import Record
from billing.subscriptions.rules.lifecycle import end_period
from billing.subscriptions.rules.plan_change import ScheduledState, change_plan
from billing.subscriptions.store import closings, scheduled_changes, subscriptions
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.recording import Step, record

log = structlog.get_logger()


async def end_periods(engine: AsyncEngine, encode: Encode, *, now: datetime, limit: int = 500) -> bool:
    """Ends up to `limit` periods in one transaction, oldest first; says whether there were any, so more may wait.

    What is due is asked of the rows, so time in which nobody called it is made up for: each step holds from its own
    moment, and a company that missed several periods goes through all of them, one a call.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
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
            changes.append((before, change_plan(before, waiting.plan, before.expires_at)))
    for each in await record(tx, encode, changes, action=PERIOD_END, now=now):
        current[each.company_id] = each
    closed = await closings.among(tx, list(current))
    steps = [
        (each.subscription, end_period(each.subscription, closed_at=closed.get(each.company_id)))
        for each in current.values()
    ]
    return await record(tx, encode, steps, action=PERIOD_END, now=now)
