"""Whose keys these are."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.access.rules.access import ResolvedKey
from tenancy.access.store import access
from tenancy.db.rules.page import check_batch


async def resolve_keys(engine: AsyncEngine, *, digests: Sequence[bytes]) -> list[ResolvedKey]:
    """Those that open, in no order. InvalidInput when too many are asked for at once."""
    check_batch(len(digests), "digests")
    async with engine.begin() as tx:
        return await access.resolve(tx, digests)
