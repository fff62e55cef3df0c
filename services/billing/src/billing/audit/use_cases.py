"""The audit trail is listed and verified."""

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verification
from billing.audit.rules import AuditFilter, SealedEntry
from billing.audit.store import TRAIL
from billing.db.store import revision_clock


async def list_audit_entries(engine: AsyncEngine, *, question: AuditFilter, limit: int) -> list[SealedEntry]:
    """Up to `limit` owner actions, newest first."""
    async with engine.begin() as tx:
        return await TRAIL.search(tx, asdict(question), limit=limit)


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verification:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        return await TRAIL.verify(tx, revision_clock.newest_action, known=known)
