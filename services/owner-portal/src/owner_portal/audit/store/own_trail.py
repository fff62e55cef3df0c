"""The audit trail of the portal. The service's role may add and read, nothing else."""

from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit_chain import LinkedEntry
from audit_trail import AuditTrail
from owner_portal.audit.rules.own_trail import ActionQuestion, PortalAction

TRAIL = AuditTrail("portal_action", PortalAction, facts=("facts",), filters=("actor", "action", "subject"))

# The lock of this row serialises the entries.
_NEXT = text("UPDATE portal_action_clock SET revision = revision + 1 RETURNING revision")

_NEWEST = text("SELECT revision FROM portal_action_clock")


async def next_revision(tx: AsyncConnection) -> int:
    """The revision of the next entry; other transactions that append wait until this one ends."""
    revision: int = (await tx.execute(_NEXT)).scalar_one()
    return revision


async def newest_revision(tx: AsyncConnection) -> int:
    """The revision of the last entry, 0 without entries."""
    revision: int = (await tx.execute(_NEWEST)).scalar_one()
    return revision


async def search(
    tx: AsyncConnection, question: ActionQuestion, *, before: int | None, limit: int
) -> list[LinkedEntry[PortalAction]]:
    """Entries before a revision, or all of them, newest first."""
    return await TRAIL.search(tx, asdict(question) | {"before": before}, limit=limit)
