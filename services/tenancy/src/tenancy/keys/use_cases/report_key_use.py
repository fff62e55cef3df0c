"""Takes the latest uses of keys, and learns their digests under the newest pepper."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.keys.rules.key_use import KeyUse, latest_uses
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.store import key_uses


async def report_key_use(engine: AsyncEngine, *, peppers: Peppers, uses: Sequence[KeyUse]) -> None:
    """Stores what is later than what is known. InvalidInput when there are too many at once."""
    latest = latest_uses(uses, datetime.now(UTC))
    # A reporter that was restarted too early, or too late, may call another pepper the newest.
    under_current = [use for use in latest if use.newest and use.newest_pepper_id == peppers.current.id]
    if latest:
        async with engine.begin() as tx:
            await key_uses.advance(tx, latest)
            if under_current:
                await key_uses.add_digests(tx, under_current, pepper_id=peppers.current.id)
