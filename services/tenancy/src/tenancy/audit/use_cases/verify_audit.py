"""Follows the audit trail from its beginning."""

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict, follow_all
from tenancy.audit.store import entries as audit
from tenancy.db.store import clock

STRETCH = 1_000


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        await audit.freeze(tx)
        newest = await clock.read(tx)
        return await follow_all(lambda after: audit.page(tx, after=after, limit=STRETCH), newest, known)
