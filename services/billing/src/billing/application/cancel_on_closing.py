"""A company that was closed is not charged again: its subscription ends with the period."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.application.announcing import Encode
from billing.application.recording import record
from billing.application.standing import standing
from billing.domain.action import COMPANY_CLOSED
from billing.domain.lifecycle import cancel
from billing.domain.plan_change import ScheduledState
from billing.store import clock, scheduled_changes
from servicekit.errors import NotFound, Refused


async def cancel_on_closing(engine: AsyncEngine, encode: Encode, *, company_id: UUID, now: datetime) -> None:
    """Cancels what runs, without a credit; does nothing when nothing does. Crediting is the owner's decision."""
    async with engine.begin() as tx:
        await clock.lock(tx)
        try:
            current, at = await standing(tx, encode, company_id, now)
            change = cancel(current.subscription, at, at_once=False)
        except (NotFound, Refused):  # never began, is over, or is cancelled already
            return
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, COMPANY_CLOSED.reason)
        await record(tx, encode, [(current.subscription, change)], action=COMPANY_CLOSED, now=now)
