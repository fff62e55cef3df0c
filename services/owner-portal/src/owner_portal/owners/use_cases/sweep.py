"""Removes what has had its time: sessions, unfinished sign-ins, attempts, invitations, answers of other services."""

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules.remembered import KEPT_FOR
from owner_portal.freshness.store import remembered as known_answers
from owner_portal.owners.rules.accounts import CHALLENGE_TIME, SESSION_IDLE, SESSION_LONGEST
from owner_portal.owners.store import attempts, invitations, known_browsers, sessions
from owner_portal.owners.store import shown_once as kept_answers
from owner_portal.owners.use_cases import shown_once as answer_once


async def sweep(engine: AsyncEngine) -> None:
    """May be repeated at any time."""
    async with engine.begin() as tx:
        await sessions.sweep(tx, idle=SESSION_IDLE, longest=SESSION_LONGEST, challenge_time=CHALLENGE_TIME)
        await attempts.sweep(tx)
        await known_browsers.sweep(tx)
        await invitations.sweep(tx)
        await known_answers.forget(tx, age=KEPT_FOR)
        await kept_answers.sweep(tx, age=answer_once.KEPT_FOR)
