"""The portal's own audit trail: an entry for every owner action, and its verification."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from audit_chain import ChainEnd, Verification
from owner_portal.audit.rules.own_trail import Facts, PortalAction
from owner_portal.audit.store import own_trail
from servicekit.ids import new_id


async def append_action(
    tx: AsyncConnection,
    *,
    actor: str,
    action: str,
    subject: str,
    reason: str = "",
    request_id: str = "",
    facts: Facts | None = None,
) -> None:
    """Appends one entry. Call it last: until the commit, other transactions that append wait.

    `actor` is the owner's e-mail, `action` a verb such as invite_owner, `subject` the object of the action. Entries are
    permanent: they must contain no secret and nothing about an employee.
    """
    revision = await own_trail.next_revision(tx)
    entry = PortalAction(
        revision=revision,
        id=new_id(),
        at=datetime.now(UTC),
        actor=actor,
        action=action,
        subject=subject,
        reason=reason,
        request_id=request_id,
        facts=facts or {},
    )
    await own_trail.TRAIL.append(tx, entry)


async def verify_actions(engine: AsyncEngine, *, known: ChainEnd | None = None) -> Verification:
    """Verifies the trail as of this moment, and that it contains the `known` entry."""
    async with engine.begin() as tx:
        return await own_trail.TRAIL.verify(tx, own_trail.newest_revision, known=known)
