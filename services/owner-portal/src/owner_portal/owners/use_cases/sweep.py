"""Deletes expired sessions, pending sign-ins, attempts, known browsers, invitations and shown answers."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.owners.rules.accounts import CHALLENGE_TIME, MAX_SESSION_AGE, SESSION_IDLE
from owner_portal.owners.store import invitations, known_browsers, sealed_answers, sessions
from owner_portal.owners.store.attempts import ATTEMPTS
from owner_portal.owners.use_cases import shown_once


async def sweep(engine: AsyncEngine) -> None:
    """May be repeated at any time."""
    async with engine.begin() as tx:
        await sessions.sweep(tx, idle=SESSION_IDLE, max_age=MAX_SESSION_AGE, challenge_time=CHALLENGE_TIME)
        await ATTEMPTS.sweep(tx)
        await known_browsers.sweep(tx)
        await invitations.sweep(tx)
        await sealed_answers.sweep(tx, age=shown_once.KEPT_FOR)
