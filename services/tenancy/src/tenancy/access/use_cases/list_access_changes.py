"""How the gateways know whom to let in."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.access.rules.access import Access
from tenancy.access.store import access
from tenancy.db.rules.page import Page
from tenancy.db.store import clock


async def list_access_changes(engine: AsyncEngine, *, page: Page) -> list[Access]:
    """Access records changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await clock.read(tx))
        return await access.changes(tx, page)
