"""Follows the portal's own audit trail from its beginning."""

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict, follow_all
from owner_portal.audit.store import own_trail as portal_actions

STRETCH = 1_000


async def verify_actions(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        await portal_actions.freeze(tx)
        newest = await portal_actions.newest_revision(tx)
        return await follow_all(lambda after: portal_actions.page(tx, after=after, limit=STRETCH), newest, known)
