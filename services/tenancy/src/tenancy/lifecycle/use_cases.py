"""The life of a company: created, suspended, reactivated, closed."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict
from servicekit.ids import new_id
from tenancy.actions.rules import CompanyEvent
from tenancy.actions.use_cases import Encode, OwnerRequest, carry_out, record_change
from tenancy.companies import store as companies
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.companies.use_cases import find_company
from tenancy.keys.rules.keys import new_key
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.store import keys
from tenancy.keys.use_cases import Issued
from tenancy.lifecycle.rules import (
    CompanyClosed,
    CompanyCreated,
    CompanyReactivated,
    CompanySuspended,
    Step,
    state_after,
)
from tenancy.policies import store as policies
from tenancy.policies.rules import DEFAULT_POLICY


async def create_company(
    engine: AsyncEngine,
    *,
    peppers: Peppers,
    encode: Encode,
    request: OwnerRequest,
    details: CompanyDetails,
    plan_code: str,
) -> Issued:
    """The company and its first key. Conflict when another company has the name."""

    async def act(tx: AsyncConnection, revision: int) -> Issued:
        now = datetime.now(UTC)
        key = new_key(peppers.current)
        company = Company(
            id=new_id(),
            details=details,
            state=CompanyState.ACTIVE,
            key_hint=key.hint,
            logo_digest="",
            created_at=now,
            last_sync_at=None,
            revision=revision,
        )
        if not await companies.insert(tx, company):
            raise Conflict(f"there is a company called {details.name} already: choose another name")
        await policies.insert(tx, company.id, DEFAULT_POLICY.in_force(now))
        await record_change(
            tx,
            encode=encode,
            event=CompanyCreated(company.id, revision, plan_code),
            action=request.action,
            name="create",
            at=now,
            before=None,
            after=asdict(details) | {"state": company.state, "key_hint": key.hint, "plan_code": plan_code},
        )
        await keys.insert(tx, company.id, key, at=now)
        return Issued(company, key.issued)

    return await carry_out(engine, request, act)


async def suspend_company(engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID) -> Company:
    """The suspended company, whose calls are refused from now on.

    InvalidInput without a reason, NotFound, Refused when it is not active.
    """
    request.action.demand_reason("suspending the company")
    return await _change_state(engine, encode, request, company_id, step=Step.SUSPEND, event=CompanySuspended)


async def reactivate_company(
    engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID
) -> Company:
    """The active company. NotFound, Refused when it is not suspended."""
    return await _change_state(engine, encode, request, company_id, step=Step.REACTIVATE, event=CompanyReactivated)


async def close_company(engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID) -> Company:
    """The closed company; its keys end with it.

    InvalidInput without a reason, NotFound, Refused when it is closed already.
    """
    request.action.demand_reason("closing the company")
    return await _change_state(engine, encode, request, company_id, step=Step.CLOSE, event=CompanyClosed)


async def _change_state(
    engine: AsyncEngine,
    encode: Encode,
    request: OwnerRequest,
    company_id: UUID,
    *,
    step: Step,
    event: Callable[[UUID, int], CompanyEvent],
) -> Company:
    async def act(tx: AsyncConnection, revision: int) -> Company:
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
            action=request.action,
            name=step,
            at=now,
            before={"state": company.state},
            after={"state": changed.state},
        )
        return changed

    return await carry_out(engine, request, act)
