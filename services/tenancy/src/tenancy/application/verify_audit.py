"""Follows the audit trail from its beginning."""

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Refused
from tenancy.domain.audit import ChainEnd
from tenancy.store import audit, clock

PAGE = 1_000


async def verify_audit(engine: AsyncEngine) -> int:
    """The number of entries, which is also the newest revision. Refused names the first entry missing or altered."""
    async with engine.begin() as tx:
        newest = await clock.read(tx)
        end = ChainEnd()
        while sealed := await audit.page(tx, after_revision=end.revision, limit=PAGE):
            for entry in sealed:
                end = end.follow(entry)
    if end.revision < newest:
        raise Refused(f"the audit entries after revision {end.revision} are missing: the clock is at {newest}")
    return end.revision
