"""Removes kept answers when their day is over, also when nobody acts."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.actions.store import answers
from tenancy.db.store import clock


async def forget_answers(engine: AsyncEngine) -> int:
    """How many were removed."""
    async with engine.begin() as tx:
        await clock.hold(tx)  # two removals at once could lock each other out
        return await answers.forget(tx)
