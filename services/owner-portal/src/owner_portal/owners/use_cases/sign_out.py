"""Ends a session at once, wherever its cookie still lies."""

from sqlalchemy.ext.asyncio import AsyncEngine

from credentials.tokens import token_digest
from owner_portal.owners.store import sessions


async def sign_out(engine: AsyncEngine, *, token: str) -> None:
    """Nothing happens when the session has ended already."""
    async with engine.begin() as tx:
        await sessions.close_session(tx, token_digest(token))
