"""Ends a session at once, wherever its cookie still lies."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.store import sessions
from servicekit.passwords import token_digest


async def sign_out(engine: AsyncEngine, *, token: str) -> None:
    """Nothing happens when the session has ended already."""
    async with engine.begin() as tx:
        await sessions.close_session(tx, token_digest(token))
