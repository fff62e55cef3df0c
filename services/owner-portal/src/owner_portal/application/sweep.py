"""Removes what has had its time: sessions, unfinished sign-ins, attempts, invitations, answers of other services."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.application.owners import answer_once
from owner_portal.domain.owners import CHALLENGE_TIME, SESSION_IDLE, SESSION_LONGEST
from owner_portal.domain.remembered import KEPT_FOR
from owner_portal.store import attempts, invitations, kept_answers, known_answers, known_browsers, sessions


async def sweep(engine: AsyncEngine) -> None:
    """May be repeated at any time."""
    async with engine.begin() as tx:
        await sessions.sweep(tx, idle=SESSION_IDLE, longest=SESSION_LONGEST, challenge_time=CHALLENGE_TIME)
        await attempts.sweep(tx)
        await known_browsers.sweep(tx)
        await invitations.sweep(tx)
        await known_answers.forget(tx, age=KEPT_FOR)
        await kept_answers.sweep(tx, age=answer_once.KEPT_FOR)
