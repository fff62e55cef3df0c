"""Ends a suspension."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.application.change_state import change_state
from tenancy.application.record_change import Encode
from tenancy.domain.action import Action
from tenancy.domain.company import Company, Step
from tenancy.domain.events import CompanyReactivated


async def reactivate_company(engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID) -> Company:
    """The active company. NotFound, Refused when it is not suspended."""
    return await change_state(
        engine, encode=encode, action=action, company_id=company_id, step=Step.REACTIVATE, event=CompanyReactivated
    )
