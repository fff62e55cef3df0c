"""The access records that gateways follow."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.access import store as access
from tenancy.access.rules import Access
from tenancy.db.rules import ChangePage
from tenancy.db.store import revision_clock


async def list_access_changes(engine: AsyncEngine, *, page: ChangePage) -> list[Access]:
    """Access records changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await revision_clock.read(tx))
        return await access.changes(tx, page)
