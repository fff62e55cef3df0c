"""What changed since the caller last asked: how others hold a copy of all subscriptions."""

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.db.store import clock
from billing.subscriptions.rules.change import Record
from billing.subscriptions.store import subscriptions
from servicekit.errors import Refused


async def list_subscription_changes(engine: AsyncEngine, *, after_revision: int, limit: int) -> list[Record]:
    """Up to `limit` current subscriptions changed after `after_revision`, oldest change first.

    Refused when nothing here is as new as `after_revision`: an empty answer would confirm a copy that was made before
    this database went back to an older backup.
    """
    async with engine.begin() as tx:
        newest = await clock.newest(tx)
        if after_revision > newest:
            raise Refused(f"The newest revision is {newest}: drop your copy and ask again after revision 0.")
        return await subscriptions.changed_after(tx, after_revision, limit=limit)
