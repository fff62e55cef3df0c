"""A company that was closed is never charged again: its subscription ends with the period."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules.action import COMPANY_CLOSED
from billing.db.store import clock
from billing.invoices.store import invoices
from billing.subscriptions.rules.closing import end_for_good
from billing.subscriptions.rules.plan_change import ScheduledState
from billing.subscriptions.store import closings, scheduled_changes, subscriptions
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.recording import record
from billing.subscriptions.use_cases.standing import standing
from servicekit.errors import NotFound


async def cancel_on_closing(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, closed_at: datetime, now: datetime
) -> None:
    """Notes the closing, once, and ends the subscription as `end_for_good` says.

    The event may be late. A company that is not known yet gets no trial when its creation arrives.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        if not await closings.take(tx, company_id, closed_at):
            return
        try:
            current, at = await standing(tx, encode, company_id, closed_at)
        except NotFound:
            return
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, COMPANY_CLOSED.reason)
        then = await subscriptions.at(tx, company_id, closed_at) or current
        issued = await invoices.issued_after(tx, company_id, closed_at)
        change = end_for_good(current.subscription, then.subscription, at, issued=issued)
        if change is not None:
            await record(tx, encode, [(current.subscription, change)], action=COMPANY_CLOSED, now=now)
