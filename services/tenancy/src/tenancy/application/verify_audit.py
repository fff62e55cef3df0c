"""Follows the audit trail from its beginning."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict, conclude, follow
from tenancy.store import audit, clock

PAGE = 1_000


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment.

    The trail must also lead through the `known` entry, if one is given: whoever may do anything in the database can
    write a whole new trail, but not one that ends up with a hash that was noted down elsewhere.
    """
    async with engine.begin() as tx:
        await audit.freeze(tx)
        newest = await clock.read(tx)
        verdict = Verdict(ChainEnd())
        after: int | None = None
        while entries := await audit.page(tx, after=after, limit=PAGE):
            # In a thread, so that other calls are answered meanwhile.
            verdict = await asyncio.to_thread(follow, verdict.end, entries, known)
            if verdict.flaw is not None:
                return verdict
            after = verdict.end.revision
    return conclude(verdict, newest, known)
