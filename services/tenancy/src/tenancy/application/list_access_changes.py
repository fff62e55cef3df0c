"""How the gateways know whom to let in."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.domain.access import Access
from tenancy.domain.page import Page
from tenancy.store import access, clock


async def list_access_changes(engine: AsyncEngine, *, page: Page) -> list[Access]:
    """Access records changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await clock.read(tx))
        return await access.changes(tx, page)
