"""Looking into the audit trail, page by page."""

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.audit.rules.entry import AuditQuestion, SealedEntry
from billing.audit.store import entries as audit


async def list_audit_entries(engine: AsyncEngine, *, question: AuditQuestion, limit: int) -> list[SealedEntry]:
    """Up to `limit` owner actions, newest first."""
    async with engine.begin() as tx:
        return await audit.search(tx, question, limit=limit)
