"""One company as the portal knows it, for every page about it: one statement."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from owner_portal.directory.rules.company_page import CompanyPage
from owner_portal.directory.store import companies as company_pages
from servicekit.errors import NotFound


async def find_company(engine: AsyncEngine, *, company_id: UUID) -> CompanyPage:
    """NotFound: tenancy has told of no such company."""
    async with engine.begin() as tx:
        return await find(tx, company_id)


async def find(tx: AsyncConnection, company_id: UUID) -> CompanyPage:
    """The same in a transaction that is open."""
    company = await company_pages.find_company(tx, company_id)
    if company is None:
        raise NotFound("There is no company with this address. It may be a moment too new: reload the page.")
    return company
