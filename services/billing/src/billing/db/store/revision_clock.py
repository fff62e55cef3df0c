"""The revision clock: one row that every writer locks, so that revisions become visible in their order.

A reader that has seen revision n has seen all before it, and asks for what lies after n without missing any.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK = text("SELECT revision FROM clock FOR UPDATE")
_TAKE = text("UPDATE clock SET revision = revision + :count RETURNING revision")
_NEWEST = text("SELECT revision FROM clock")
_TAKE_ACTION = text("UPDATE clock SET actions = actions + 1 RETURNING actions")
_NEWEST_ACTION = text("SELECT actions FROM clock")


async def lock(tx: AsyncConnection) -> None:
    """Makes the caller the only writer until its transaction ends; what it reads from here on cannot change.

    Every use case that writes locks first: rows locked in another order could wait for each other.
    """
    await tx.execute(_LOCK)


async def take(tx: AsyncConnection, count: int = 1) -> range:
    """The next `count` revisions, the caller's alone."""
    last = (await tx.execute(_TAKE, {"count": count})).scalar_one()
    return range(last - count + 1, last + 1)


async def newest(tx: AsyncConnection) -> int:
    """The newest revision that is visible; 0 before the first change."""
    return int((await tx.execute(_NEWEST)).scalar_one())


async def take_action(tx: AsyncConnection) -> int:
    """The revision of the next audit entry; these are counted for themselves, without a gap."""
    return int((await tx.execute(_TAKE_ACTION)).scalar_one())


async def newest_action(tx: AsyncConnection) -> int:
    """The revision of the newest audit entry; 0 before the first one."""
    return int((await tx.execute(_NEWEST_ACTION)).scalar_one())
