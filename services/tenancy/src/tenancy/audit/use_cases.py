"""The audit trail is listed and verified."""

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verdict
from tenancy.audit.rules import AuditQuestion, SealedEntry, page_size, read_position, write_position
from tenancy.audit.store import TRAIL
from tenancy.db.store import revision_clock


async def list_audit_entries(
    engine: AsyncEngine, *, question: AuditQuestion, size: int, token: str
) -> tuple[list[SealedEntry], str]:
    """Newest first, at most `size`, and the token of the next page, empty after the last one.

    InvalidInput when the token cannot be read, or belongs to another question.
    """
    limit = page_size(size)
    filters = asdict(question) | {"before": read_position(question, token)}
    async with engine.begin() as tx:
        found = await TRAIL.search(tx, filters, limit=limit + 1)
    page = found[:limit]
    return page, write_position(question, page[-1].entry.revision) if len(found) > limit else ""


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verdict:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        return await TRAIL.verify(tx, revision_clock.read, known=known)
