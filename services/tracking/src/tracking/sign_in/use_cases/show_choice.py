"""What a person sees of the companies that the own password opens, to tell them apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.company.store import company_settings
from tracking.db.store.scope import enter_scope
from tracking.people.store import employees
from tracking.people.store.employees import Employee


@dataclass(frozen=True, slots=True)
class CompanyToChoose:
    """One of them: the name of its workspace, and who administers it."""

    company_id: UUID
    workspace_name: str
    admin: Employee | None


async def show_choice(engine: AsyncEngine, company_ids: Sequence[UUID]) -> list[CompanyToChoose]:
    """The companies, in the order given."""
    shown = []
    async with engine.begin() as tx:
        for company_id in company_ids:
            await enter_scope(tx, company_id)
            settings = await company_settings.get(tx)
            shown.append(CompanyToChoose(company_id, settings.workspace_name, await employees.first_admin(tx)))
    return shown
