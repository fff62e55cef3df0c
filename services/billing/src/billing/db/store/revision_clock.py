"""The revision clock: one row that every writer locks, so that revisions become visible in order.

A reader that has seen revision n has seen all revisions before it, and misses none when it asks for those after n.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = text("SELECT revision FROM clock FOR UPDATE")
_TAKE = text("UPDATE clock SET revision = revision + :count RETURNING revision")
_NEWEST = text("SELECT revision FROM clock")
_TAKE_ACTION = text("UPDATE clock SET actions = actions + 1 RETURNING actions")
_NEWEST_ACTION = text("SELECT actions FROM clock")


async def lock(tx: AsyncConnection) -> None:
    """Makes the caller the only writer until its transaction ends.

    Every use case that writes takes this lock first; locks in different orders could cause a deadlock.
    """
    await tx.execute(_LOCK)


async def take(tx: AsyncConnection, count: int = 1) -> range:
    """Reserves the next `count` revisions."""
    last = (await tx.execute(_TAKE, {"count": count})).scalar_one()
    return range(last - count + 1, last + 1)


async def newest(tx: AsyncConnection) -> int:
    """The newest visible revision; 0 before the first change."""
    return int((await tx.execute(_NEWEST)).scalar_one())


async def take_action(tx: AsyncConnection) -> int:
    """Reserves the revision of the next audit entry; audit entries have a sequence of their own, without gaps."""
    return int((await tx.execute(_TAKE_ACTION)).scalar_one())


async def newest_action(tx: AsyncConnection) -> int:
    """The revision of the newest audit entry; 0 before the first."""
    return int((await tx.execute(_NEWEST_ACTION)).scalar_one())
