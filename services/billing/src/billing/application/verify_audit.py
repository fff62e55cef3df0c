"""Follows the audit trail from its beginning."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict, conclude, follow
from billing.store import audit, clock

PAGE = 1_000


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        await audit.freeze(tx)
        newest = await clock.newest_action(tx)
        verdict = Verdict(ChainEnd())
        after: int | None = None
        while entries := await audit.page(tx, after=after, limit=PAGE):
            # In a thread, so that other calls are answered meanwhile.
            verdict = await asyncio.to_thread(follow, verdict.end, entries, known)
            if verdict.flaw is not None:
                return verdict
            after = verdict.end.revision
    return conclude(verdict, newest, known)
