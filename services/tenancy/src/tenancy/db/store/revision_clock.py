"""The revision clock: one row whose lock puts all owner actions in order and makes revisions visible in that order."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_HOLD = text("SELECT revision FROM clock FOR UPDATE")

_ADVANCE = text("UPDATE clock SET revision = revision + 1 RETURNING revision")

_READ = text("SELECT revision FROM clock")


async def hold(tx: AsyncConnection) -> None:
    """Waits for whoever holds the clock; from here to the end of `tx` no one else changes anything."""
    await tx.execute(_HOLD)


async def advance(tx: AsyncConnection) -> int:
    """The next revision. It holds the clock too: call it before reading what is to be changed."""
    return int((await tx.execute(_ADVANCE)).scalar_one())


async def read(tx: AsyncConnection) -> int:
    """The newest committed revision."""
    return int((await tx.execute(_READ)).scalar_one())
