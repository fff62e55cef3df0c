"""Refuses every call of a company from now on."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode
from tenancy.companies.rules.company import Company, Step
from tenancy.events.rules.events import CompanySuspended
from tenancy.lifecycle.use_cases.change_state import change_state


async def suspend_company(engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID) -> Company:
    """The suspended company. InvalidInput without a reason, NotFound, Refused when it is not active."""
    action.demand_reason("suspending the company")

    async def act(tx: AsyncConnection, revision: int) -> Company:
        return await change_state(
            tx,
            revision,
            encode=encode,
            action=action,
            company_id=company_id,
            step=Step.SUSPEND,
            event=CompanySuspended,
        )

    return await act_once(engine, action=action, kind=Company, act=act)
