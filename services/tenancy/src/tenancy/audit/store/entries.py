"""The audit trail. The service's role may add and read, nothing else."""

import json
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import GENESIS
from tenancy.audit.rules.entry import AuditEntry, SealedEntry
from tenancy.audit.rules.listing import AuditQuestion

_COLUMNS = "revision, id, at, actor, action, company_id, reason, request_id, before, after, caller, previous, hash"

_LAST_HASH = text("SELECT hash FROM audit_entry ORDER BY revision DESC LIMIT 1")

INSERT = text(f"""
    INSERT INTO audit_entry ({_COLUMNS})
    VALUES (:revision, :id, :at, :actor, :action, :company_id, :reason, :request_id,
        CAST(:before AS jsonb), CAST(:after AS jsonb), :caller, :previous, :hash)
""")

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

_FIRST = text(f"SELECT {_COLUMNS} FROM audit_entry ORDER BY revision LIMIT :limit")

_AFTER = text(f"SELECT {_COLUMNS} FROM audit_entry WHERE revision > :after ORDER BY revision LIMIT :limit")

_FILTERS = {
    "company_id": "company_id = :company_id",
    "actor": "actor = :actor",
    "action": "action = :action",
    "since": "at >= :since",
    "until": "at < :until",
}


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
        "request_id": entry.request_id,
        "before": None if entry.before is None else json.dumps(dict(entry.before)),
        "after": json.dumps(dict(entry.after)),
        "caller": entry.caller,
        "previous": previous,
        "hash": entry.hash(previous),
    }
    await tx.execute(INSERT, values)


async def freeze(tx: AsyncConnection) -> None:
    """From here on `tx` sees the trail and the clock as of one moment. Call it before anything else."""
    await tx.execute(_SNAPSHOT)


async def page(tx: AsyncConnection, *, after: int | None, limit: int) -> list[SealedEntry]:
    """Entries after a revision, oldest first; None: from the very first row, whatever its revision."""
    statement, values = (_FIRST, {"limit": limit}) if after is None else (_AFTER, {"after": after, "limit": limit})
    return [_sealed(row) for row in await tx.execute(statement, values)]


async def search(tx: AsyncConnection, question: AuditQuestion, *, before: int, limit: int) -> list[SealedEntry]:
    """Entries before a revision, newest first."""
    values = {name: getattr(question, name) for name in _FILTERS if getattr(question, name) is not None}
    where = " AND ".join(["revision < :before", *(_FILTERS[name] for name in values)])
    statement = f"SELECT {_COLUMNS} FROM audit_entry WHERE {where} ORDER BY revision DESC LIMIT :limit"
    return [_sealed(row) for row in await tx.execute(text(statement), values | {"before": before, "limit": limit})]


def _sealed(row: Row[Any]) -> SealedEntry:
    return SealedEntry(AuditEntry(*tuple(row)[:-2]), row.previous, row.hash)
