"""The audit trail of the portal. The service's role may add and read, nothing else."""

import json
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import GENESIS
from owner_portal.audit.rules.own_trail import ActionQuestion, PortalAction, SealedAction

_COLUMNS = "revision, id, at, actor, action, subject, reason, request_id, facts, previous, hash"

# The lock of this row serialises the entries.
_NEXT = text("UPDATE portal_action_clock SET revision = revision + 1 RETURNING revision")

_NEWEST = text("SELECT revision FROM portal_action_clock")

_LAST_HASH = text("SELECT hash FROM portal_action ORDER BY revision DESC LIMIT 1")

_INSERT = text(f"""
    INSERT INTO portal_action ({_COLUMNS})
    VALUES (:revision, :id, :at, :actor, :action, :subject, :reason, :request_id, CAST(:facts AS jsonb),
        :previous, :hash)
""")

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

_PAGE = text(f"""
    SELECT {_COLUMNS} FROM portal_action
    WHERE CAST(:after AS bigint) IS NULL OR revision > :after ORDER BY revision LIMIT :limit
""")

_FILTERS = {
    "actor": "actor = :actor",
    "action": "action = :action",
    "subject": "subject = :subject",
    "since": "at >= :since",
    "until": "at < :until",
}


async def next_revision(tx: AsyncConnection) -> int:
    """The revision of the next entry; other transactions that append wait until this one ends."""
    revision: int = (await tx.execute(_NEXT)).scalar_one()
    return revision


async def newest_revision(tx: AsyncConnection) -> int:
    """The revision of the last entry, 0 without entries."""
    revision: int = (await tx.execute(_NEWEST)).scalar_one()
    return revision


async def append(tx: AsyncConnection, action: PortalAction) -> None:
    """Adds an entry to the chain; its revision comes from `next_revision` in the same transaction."""
    previous = (await tx.execute(_LAST_HASH)).scalar_one_or_none() or GENESIS
    values = {name: getattr(action, name) for name in PortalAction.__slots__}
    values |= {"facts": json.dumps(dict(action.facts)), "previous": previous, "hash": action.hash(previous)}
    await tx.execute(_INSERT, values)


async def freeze(tx: AsyncConnection) -> None:
    """Makes `tx` a snapshot of the trail and its revision clock. Call it first in the transaction."""
    await tx.execute(_SNAPSHOT)


async def page(tx: AsyncConnection, *, after: int | None, limit: int) -> list[SealedAction]:
    """Entries after a revision, oldest first; None: from the first row."""
    return [_sealed(row) for row in await tx.execute(_PAGE, {"after": after, "limit": limit})]


async def search(
    tx: AsyncConnection, question: ActionQuestion, *, before: int | None, limit: int
) -> list[SealedAction]:
    """Entries before a revision, or all of them, newest first."""
    values = {name: getattr(question, name) for name in _FILTERS if getattr(question, name) is not None}
    conditions = [_FILTERS[name] for name in values]
    if before is not None:
        conditions.append("revision < :before")
        values["before"] = before
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = text(f"SELECT {_COLUMNS} FROM portal_action {where} ORDER BY revision DESC LIMIT :limit")
    return [_sealed(row) for row in await tx.execute(statement, values | {"limit": limit})]


def _sealed(row: Row[Any]) -> SealedAction:
    values = row._asdict()
    previous, digest = values.pop("previous"), values.pop("hash")
    return SealedAction(PortalAction(**values), previous, digest)
