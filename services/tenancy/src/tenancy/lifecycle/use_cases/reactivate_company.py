"""Ends a suspension."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode
from tenancy.companies.rules.company import Company, Step
from tenancy.events.rules.events import CompanyReactivated
from tenancy.lifecycle.use_cases.change_state import change_state


async def reactivate_company(engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID) -> Company:
    """The active company. NotFound, Refused when it is not suspended."""

    async def act(tx: AsyncConnection, revision: int) -> Company:
        return await change_state(
            tx,
            revision,
            encode=encode,
            action=action,
            company_id=company_id,
            step=Step.REACTIVATE,
            event=CompanyReactivated,
        )

    return await act_once(engine, action=action, kind=Company, act=act)
