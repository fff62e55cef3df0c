"""An owner is let in no more: the account stays for the audit trail, everything that opens it goes."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.audit.use_cases.record_action import append_action
from owner_portal.owners.store import accounts as owners
from owner_portal.owners.store import invitations, known_browsers, second_factors, sessions
from servicekit.errors import NotFound, Refused


async def deactivate_owner(engine: AsyncEngine, *, actor: str, owner_id: UUID, reason: str) -> None:
    """Ends the sessions and the invitations they sent, and forgets the second factor and the known browsers.

    NotFound: no active owner. Refused: it is the last one.
    """
    async with engine.begin() as tx:
        active = await owners.lock_active(tx)
        if owner_id not in active:
            raise NotFound("There is no such owner. The account may be deactivated already: reload the page.")
        if len(active) == 1:
            raise Refused("This is the last owner: invite another one first, or nobody could sign in any more.")
        await owners.deactivate(tx, owner_id)
        await sessions.close_all(tx, owner_id)
        await known_browsers.forget(tx, owner_id)
        await second_factors.remove(tx, owner_id)
        await append_action(
            tx,
            actor=actor,
            action="deactivate_owner",
            subject=active[owner_id],
            reason=reason,
        )
        for email in await invitations.withdraw_of(tx, active[owner_id]):
            await append_action(tx, actor=actor, action="withdraw_invitation", subject=email, reason=reason)
