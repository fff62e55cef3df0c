"""A company that was closed is never charged again: its subscription ends with the period."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.application.announcing import Encode
from billing.application.recording import record
from billing.application.standing import standing
from billing.domain.action import COMPANY_CLOSED
from billing.domain.lifecycle import cancel
from billing.domain.plan_change import ScheduledState
from billing.store import clock, closings, scheduled_changes
from servicekit.errors import NotFound, Refused


async def cancel_on_closing(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, closed_at: datetime, now: datetime
) -> None:
    """Notes the closing, once, and cancels what runs as of then, without a credit: that is the owner's decision.

    The event may be late. A month that began after the closing is taken back whole. A company that is not known yet
    gets no trial when its creation arrives.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        if not await closings.take(tx, company_id, closed_at):
            return
        try:
            current, at = await standing(tx, encode, company_id, closed_at)
            change = cancel(current.subscription, at, at_once=current.subscription.started_at > closed_at)
        except (NotFound, Refused):  # never began, is over, or is cancelled already
            return
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, COMPANY_CLOSED.reason)
        await record(tx, encode, [(current.subscription, change)], action=COMPANY_CLOSED, now=now)
