"""Looking into the audit trail, page by page."""

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.domain.audit import AuditQuestion, SealedEntry
from billing.store import audit


async def list_audit_entries(engine: AsyncEngine, *, question: AuditQuestion, limit: int) -> list[SealedEntry]:
    """Up to `limit` owner actions, newest first."""
    async with engine.begin() as tx:
        return await audit.search(tx, question, limit=limit)
