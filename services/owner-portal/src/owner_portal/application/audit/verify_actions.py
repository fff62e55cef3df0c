"""Follows the portal's audit trail from its beginning."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict, conclude, follow
from owner_portal.store import portal_actions

STRETCH = 1_000


async def verify_actions(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment; it must lead through the `known` entry, if one is given.

    Whoever may do anything in the database can write a whole new trail, but not one that ends up with a hash that was
    noted down elsewhere.
    """
    async with engine.begin() as tx:
        await portal_actions.freeze(tx)
        newest = await portal_actions.newest_revision(tx)
        verdict = Verdict(ChainEnd())
        after: int | None = None
        while stretch := await portal_actions.page(tx, after=after, limit=STRETCH):
            # In a thread, so that pages are answered meanwhile.
            verdict = await asyncio.to_thread(follow, verdict.end, stretch, known)
            if verdict.flaw is not None:
                return verdict
            after = verdict.end.revision
    return conclude(verdict, newest, known)
