"""Changes what is known about a customer."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict
from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyUpdated


async def update_company(
    engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID, changes: Mapping[str, str]
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
            action=action,
            name="update",
            at=datetime.now(UTC),
            before={field: before[field] for field in changes},
            after={field: after[field] for field in changes},
        )
        return changed

    return await act_once(engine, action=action, kind=Company, act=act)
