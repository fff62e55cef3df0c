"""An owner ends sessions of the own account: one, or all but the one that asks."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.access.rules import SignedIn
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.store import sessions
from servicekit.errors import NotFound


async def revoke_session(engine: AsyncEngine, *, signed_in: SignedIn, session_id: UUID) -> None:
    """NotFound: it is over already, or another owner's."""
    async with engine.begin() as tx:
        ended = await sessions.close_one(tx, owner_id=signed_in.owner_id, session_id=session_id)
        if ended is None:
            raise NotFound("There is no such session. It may be over already: reload the page.")
        await append_action(
            tx,
            actor=signed_in.email,
            action="revoke_session",
            subject=signed_in.email,
            facts={"device": ended.device, "address": ended.address},
        )


async def revoke_other_sessions(engine: AsyncEngine, *, signed_in: SignedIn) -> int:
    """How many were ended; nothing is recorded when there was none."""
    async with engine.begin() as tx:
        ended = await sessions.close_all(tx, signed_in.owner_id, spared=signed_in.session_id)
        if ended:
            await append_action(
                tx,
                actor=signed_in.email,
                action="revoke_other_sessions",
                subject=signed_in.email,
                facts={"sessions_ended": str(ended)},
            )
    return ended
