"""How the portal keeps its directory."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.domain.company import Company
from tenancy.domain.page import Page
from tenancy.store import clock, companies


async def list_company_changes(engine: AsyncEngine, *, page: Page) -> list[Company]:
    """Companies changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await clock.read(tx))
        return await companies.changes(tx, page)
