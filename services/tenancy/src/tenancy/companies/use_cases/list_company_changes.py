"""How the portal keeps its directory."""

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies
from tenancy.db.rules.page import Page
from tenancy.db.store import clock


async def list_company_changes(engine: AsyncEngine, *, page: Page) -> list[Company]:
    """Companies changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await clock.read(tx))
        return await companies.changes(tx, page)
