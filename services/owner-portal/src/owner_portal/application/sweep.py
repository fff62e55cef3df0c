"""Removes sessions and sign-in attempts whose time is over."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.domain.owners import ATTEMPT_WINDOW, SESSION_IDLE
from owner_portal.store import owners


async def sweep(engine: AsyncEngine) -> None:
    """May be repeated at any time."""
    async with engine.begin() as tx:
        await owners.sweep(tx, idle=SESSION_IDLE, window=ATTEMPT_WINDOW)
