"""Finds out who is calling."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from owner_portal.db.store.reading import reading
from owner_portal.owners.rules.accounts import SESSION_IDLE, SESSION_LONGEST, SignedIn, csrf_token
from owner_portal.owners.store import sessions
from servicekit.errors import NotAuthenticated


async def recognise(engine: AsyncEngine, *, token: str, touch: bool = True) -> SignedIn:
    """The owner whose session this is; NotAuthenticated when it is over or never was.

    `touch`: the owner did something, so the idle time begins anew. What a page does by itself keeps no session alive.
    """
    async with reading(engine) as tx:
        found = await sessions.find_session(
            tx, token_digest(token), idle=SESSION_IDLE, longest=SESSION_LONGEST, touch=touch
        )
    if found is None:
        raise NotAuthenticated("Sign in first: there is no session, or it is over.")
    return SignedIn(
        owner_id=found.owner_id,
        email=found.email,
        session_id=found.session_id,
        proved_at=found.proved_at,
        has_second_factor=found.has_second_factor,
        csrf_token=csrf_token(token),
    )
