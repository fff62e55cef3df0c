"""A company that was reactivated can work again: its subscription gets a later end where it needs one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.application.announcing import Encode
from billing.domain.events import SubscriptionExtended
from billing.domain.revised import Revised
from billing.store import clock, reactivations, subscriptions
from servicekit import outbox


async def extend_on_reactivation(
    engine: AsyncEngine, encode: Encode, *, company_id: UUID, company_revision: int, now: datetime
) -> None:
    """Extends the company's subscription, once for each `company_revision`; an older one than the last is ignored.

    A company that has no subscription yet gets its whole trial when its creation arrives: nothing to extend.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        if not await reactivations.take(tx, company_id, company_revision):
            return
        subscription = await subscriptions.current(tx, company_id)
        if subscription is None:
            return
        extended = subscription.extended_on_reactivation(now)
        if extended == subscription:
            return
        (revision,) = await clock.take(tx)
        await subscriptions.record(tx, [Revised(revision, extended)], changed_at=now)
        await outbox.append(tx, encode(SubscriptionExtended(company_id, revision)))
