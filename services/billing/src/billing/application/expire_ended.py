"""Subscriptions whose period is over turn EXPIRED."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.domain.revised import Revised
from billing.store import clock, subscriptions

log = structlog.get_logger()


async def expire_ended(engine: AsyncEngine, *, now: datetime, limit: int = 500) -> bool:
    """Expires up to `limit` subscriptions in one transaction; says whether there were any, so that more may wait.

    Access ends at `expires_at` without it, so it announces nothing. Time in which nobody called it is made up by the
    next call: what is due is asked of the rows.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        ended = await subscriptions.ended(tx, now=now, limit=limit)
        if not ended:
            return False
        revisions = await clock.take(tx, len(ended))
        expired = [Revised(revision, each.expired(now)) for revision, each in zip(revisions, ended, strict=True)]
        await subscriptions.record(tx, expired, changed_at=now)
    log.info("subscriptions expired", count=len(expired))
    return True
