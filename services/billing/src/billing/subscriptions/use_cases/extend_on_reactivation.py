"""A company that was reactivated can work again: its subscription gets a later end where it needs one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules.action import COMPANY_REACTIVATED
from billing.db.store import clock
from billing.subscriptions.rules.lifecycle import REACTIVATION_PERIOD, extend
from billing.subscriptions.store import closings, reactivations
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.recording import record
from billing.subscriptions.use_cases.standing import standing
from servicekit.errors import NotFound


async def extend_on_reactivation(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, company_revision: int, now: datetime
) -> None:
    """Gives 30 days from `now` at the least, once for each `company_revision`; an older one than the last is ignored.

    A company that has no subscription yet gets its whole trial when its creation arrives: nothing to extend. One that
    was closed since is closed for ever.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        if not await reactivations.take(tx, company_id, company_revision):
            return
        if await closings.closed_at(tx, company_id) is not None:
            return
        try:
            current, at = await standing(tx, encode, company_id, now)
        except NotFound:
            return
        change = extend(current.subscription, at, now + REACTIVATION_PERIOD)
        if change is not None:
            await record(tx, encode, [(current.subscription, change)], action=COMPANY_REACTIVATED, now=now)
