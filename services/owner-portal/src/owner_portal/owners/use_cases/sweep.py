"""Removes what has had its time: sessions, unfinished sign-ins, attempts, invitations."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.owners.rules.accounts import CHALLENGE_TIME, SESSION_IDLE, SESSION_LONGEST
from owner_portal.owners.store import attempts, invitations, known_browsers, sealed_answers, sessions
from owner_portal.owners.use_cases import shown_once


async def sweep(engine: AsyncEngine) -> None:
    """May be repeated at any time."""
    async with engine.begin() as tx:
        await sessions.sweep(tx, idle=SESSION_IDLE, longest=SESSION_LONGEST, challenge_time=CHALLENGE_TIME)
        await attempts.sweep(tx)
        await known_browsers.sweep(tx)
        await invitations.sweep(tx)
        await sealed_answers.sweep(tx, age=shown_once.KEPT_FOR)
