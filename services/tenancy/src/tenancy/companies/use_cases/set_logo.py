"""Gives a company another logo, or none."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.rules.company import Company
from tenancy.companies.rules.logo import Logo
from tenancy.companies.store import companies, logos
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyUpdated


async def set_logo(
    engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID, logo: Logo | None
) -> Company:
    """The changed company. NotFound, Refused when it is closed."""

    async def act(tx: AsyncConnection, revision: int) -> Company:
        company = await find_company(tx, company_id)
        company.demand_open("change the logo")
        changed = replace(company, logo_digest=logo.digest if logo else "", revision=revision)
        await companies.update(tx, changed)
        if logo:
            await logos.put(tx, company_id, logo)
        else:
            await logos.remove(tx, company_id)
        await record_change(
            tx,
            encode=encode,
            event=CompanyUpdated(company_id, revision),
            action=action,
            name="set_logo",
            at=datetime.now(UTC),
            before={"logo_digest": company.logo_digest},
            after={"logo_digest": changed.logo_digest},
        )
        return changed

    return await act_once(engine, action=action, kind=Company, act=act)
