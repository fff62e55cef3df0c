"""The audit trail. The service's role may add and read, nothing else."""

import json

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.domain.audit import GENESIS, AuditEntry, SealedEntry

_LAST_HASH = text("SELECT hash FROM audit_entry ORDER BY revision DESC LIMIT 1")

_INSERT = text("""
    INSERT INTO audit_entry (revision, id, at, actor, action, company_id, reason, before, after, hash)
    VALUES (:revision, :id, :at, :actor, :action, :company_id, :reason,
        CAST(:before AS jsonb), CAST(:after AS jsonb), :hash)
""")

_PAGE = text("""
    SELECT revision, id, at, actor, action, company_id, reason, before, after, hash FROM audit_entry
    WHERE revision > :after_revision ORDER BY revision LIMIT :limit
""")


async def append(tx: AsyncConnection, entry: AuditEntry) -> None:
    """Adds an entry to the chain. The caller holds the clock, so no other entry can come between."""
    previous = (await tx.execute(_LAST_HASH)).scalar_one_or_none() or GENESIS
    values = {
        "revision": entry.revision,
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "company_id": entry.company_id,
        "reason": entry.reason,
        "before": None if entry.before is None else json.dumps(dict(entry.before)),
        "after": json.dumps(dict(entry.after)),
        "hash": entry.hash(previous),
    }
    await tx.execute(_INSERT, values)


async def page(tx: AsyncConnection, *, after_revision: int, limit: int) -> list[SealedEntry]:
    """Entries after a revision, oldest first."""
    rows = await tx.execute(_PAGE, {"after_revision": after_revision, "limit": limit})
    return [SealedEntry(AuditEntry(*row[:-1]), row.hash) for row in rows]
