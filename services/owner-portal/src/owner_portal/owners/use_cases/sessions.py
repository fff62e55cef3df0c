"""Ending sessions of the own account: one, or all others."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.access.rules import SignedIn
from owner_portal.audit.use_cases.own_trail import append_action
from owner_portal.owners.store import sessions
from servicekit.errors import NotFound


async def revoke_session(engine: AsyncEngine, *, signed_in: SignedIn, session_id: UUID) -> None:
    """NotFound: it has already ended, or belongs to another owner."""
    async with engine.begin() as tx:
        ended = await sessions.close_one(tx, owner_id=signed_in.owner_id, session_id=session_id)
        if ended is None:
            raise NotFound("There is no such session. It may already have ended: reload the page.")
        await append_action(
            tx,
            actor=signed_in.email,
            action="revoke_session",
            subject=signed_in.email,
            facts={"device": ended.device, "address": ended.address},
        )


async def revoke_other_sessions(engine: AsyncEngine, *, signed_in: SignedIn) -> int:
    """The number of ended sessions; without any, nothing is recorded."""
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
