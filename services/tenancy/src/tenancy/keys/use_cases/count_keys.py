"""Which peppers are still needed: the keys that open, by the newest pepper each is known under."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.keys.store import keys


async def count_keys(engine: AsyncEngine) -> Mapping[str, int]:
    """Keys that open by pepper id. An old pepper that is not among them may be taken out of the settings."""
    async with engine.begin() as tx:
        return await keys.count_by_pepper(tx)
