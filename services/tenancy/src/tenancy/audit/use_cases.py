"""The audit trail is listed and verified."""

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncEngine

from audit_chain import ChainEnd, Verification
from tenancy.audit.rules import AuditFilter, SealedEntry, page_size, read_position, write_position
from tenancy.audit.store import TRAIL
from tenancy.db.store import revision_clock


async def list_audit_entries(
    engine: AsyncEngine, *, question: AuditFilter, size: int, token: str
) -> tuple[list[SealedEntry], str]:
    """Up to `size` entries, newest first, and the token of the next page, which is empty after the last one.

    InvalidInput for a token that is invalid or belongs to other filters.
    """
    limit = page_size(size)
    filters = asdict(question) | {"before": read_position(question, token)}
    async with engine.begin() as tx:
        found = await TRAIL.search(tx, filters, limit=limit + 1)
    page = found[:limit]
    return page, write_position(question, page[-1].entry.revision) if len(found) > limit else ""


async def verify_audit(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verification:
    """How far the trail is whole, as of this moment, and whether it leads through the `known` entry."""
    async with engine.begin() as tx:
        return await TRAIL.verify(tx, revision_clock.read, known=known)
