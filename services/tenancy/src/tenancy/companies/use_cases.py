"""Companies: their details, their logos, and the change list that the portal follows."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict, NotFound
from tenancy.actions.use_cases import Encode, OwnerRequest, carry_out, record_change
from tenancy.companies import store as companies
from tenancy.companies.rules.company import Company, CompanyUpdated
from tenancy.companies.rules.logo import Logo
from tenancy.db.rules import ChangePage
from tenancy.db.store import revision_clock


async def find_company(tx: AsyncConnection, company_id: UUID) -> Company:
    """NotFound when there is none."""
    company = await companies.get(tx, company_id)
    if company is None:
        raise NotFound(f"there is no company {company_id}: look its id up in the list of companies")
    return company


async def update_company(
    engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID, changes: Mapping[str, str]
) -> Company:
    """The changed company; `changes` are fields of its details by name.

    InvalidInput when there are none or one breaks a rule, NotFound, Refused when it is closed, Conflict when another
    company has the name.
    """

    async def act(tx: AsyncConnection, revision: int) -> Company:
        company = await find_company(tx, company_id)
        company.demand_open("change the details")
        changed = replace(company, details=company.details.changed(changes), revision=revision)
        if await companies.is_name_taken(tx, changed):
            raise Conflict(f"there is a company called {changed.details.name} already: choose another name")
        await companies.update(tx, changed)
        before, after = asdict(company.details), asdict(changed.details)
        await record_change(
            tx,
            encode=encode,
            event=CompanyUpdated(company_id, revision),
            action=request.action,
            name="update",
            at=datetime.now(UTC),
            before={field: before[field] for field in changes},
            after={field: after[field] for field in changes},
        )
        return changed

    return await carry_out(engine, request, act)


async def set_logo(
    engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID, logo: Logo | None
) -> Company:
    """The changed company. NotFound, Refused when it is closed."""

    async def act(tx: AsyncConnection, revision: int) -> Company:
        company = await find_company(tx, company_id)
        company.demand_open("change the logo")
        changed = replace(company, logo_digest=logo.digest if logo else "", revision=revision)
        await companies.update(tx, changed)
        if logo:
            await companies.put_logo(tx, company_id, logo)
        else:
            await companies.remove_logo(tx, company_id)
        await record_change(
            tx,
            encode=encode,
            event=CompanyUpdated(company_id, revision),
            action=request.action,
            name="set_logo",
            at=datetime.now(UTC),
            before={"logo_digest": company.logo_digest},
            after={"logo_digest": changed.logo_digest},
        )
        return changed

    return await carry_out(engine, request, act)


async def get_logo(engine: AsyncEngine, *, company_id: UUID) -> Logo:
    """NotFound when there is no such company or it has no logo."""
    async with engine.begin() as tx:
        logo = await companies.get_logo(tx, company_id)
    if logo is None:
        raise NotFound(f"company {company_id} has no logo: set one first")
    return logo


async def list_company_changes(engine: AsyncEngine, *, page: ChangePage) -> list[Company]:
    """Companies changed after a revision, oldest change first. Refused: the revision is of another life."""
    async with engine.begin() as tx:
        page.check_known(await revision_clock.read(tx))
        return await companies.changes(tx, page)
