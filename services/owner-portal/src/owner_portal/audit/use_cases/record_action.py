"""What every owner action inside the portal ends with: an entry in its audit trail, in the action's transaction."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.audit.rules.own_trail import Facts, PortalAction
from owner_portal.audit.store import own_trail as portal_actions
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
    """Seals one entry. Call it last: until the commit, every other transaction that adds one waits.

    `actor` is the owner's e-mail, `action` a verb such as invite_owner, `subject` what was acted on. Whatever is
    written here stays for good: no secret, and nothing of an employee.
    """
    revision = await portal_actions.next_revision(tx)
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
    await portal_actions.append(tx, entry)
