"""What suspending, reactivating and closing have in common."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.rules.company import Company, CompanyState, Step, state_after
from tenancy.companies.store import companies
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyEvent
from tenancy.keys.store import keys


async def change_state(
    tx: AsyncConnection,
    revision: int,
    *,
    encode: Encode,
    action: Action,
    company_id: UUID,
    step: Step,
    event: Callable[[UUID, int], CompanyEvent],
) -> Company:
    """The company after `step`. NotFound, or Refused when its state does not allow the step."""
    company = await find_company(tx, company_id)
    changed = replace(company, state=state_after(company.state, step), revision=revision)
    now = datetime.now(UTC)
    if changed.state is CompanyState.CLOSED:
        await keys.end_all(tx, company_id, ending=now)
        changed = replace(changed, key_hint="")
    await companies.update(tx, changed)
    await record_change(
        tx,
        encode=encode,
        event=event(company_id, revision),
        action=action,
        name=step,
        at=now,
        before={"state": company.state},
        after={"state": changed.state},
    )
    return changed
