"""Looking into the audit trail, page by page."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.audit.rules.entry import SealedEntry
from tenancy.audit.rules.listing import AuditQuestion, read_position, write_position
from tenancy.audit.rules.page_token import page_size
from tenancy.audit.store import entries as audit


async def list_audit_entries(
    engine: AsyncEngine, *, question: AuditQuestion, size: int, token: str
) -> tuple[list[SealedEntry], str]:
    """Newest first, at most `size`, and the token of the next page, empty after the last one. InvalidInput."""
    before = read_position(question, token)
    limit = page_size(size)
    async with engine.begin() as tx:
        found = await audit.search(tx, question, before=before, limit=limit + 1)
    page = found[:limit]
    return page, write_position(question, page[-1].entry.revision) if len(found) > limit else ""
