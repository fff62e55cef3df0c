"""What a company's trackers record, and its changes."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import NotFound
from tenancy.actions.use_cases import Encode, OwnerRequest, carry_out, record_change
from tenancy.companies import store as companies
from tenancy.companies.use_cases import find_company
from tenancy.policies import store as policies
from tenancy.policies.rules import CompanyPolicyChanged, TrackingPolicy


async def get_tracking_policy(engine: AsyncEngine, *, company_id: UUID) -> TrackingPolicy:
    """NotFound when there is no such company."""
    async with engine.begin() as tx:
        return await find_policy(tx, company_id)


async def find_policy(tx: AsyncConnection, company_id: UUID) -> TrackingPolicy:
    """The same, in the caller's transaction."""
    policy = await policies.get(tx, company_id)
    if policy is None:
        raise NotFound(f"there is no company {company_id}: look its id up in the list of companies")
    return policy


async def set_tracking_policy(
    engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID, policy: TrackingPolicy
) -> TrackingPolicy:
    """The policy with its version. NotFound, Refused when the company is closed."""

    async def act(tx: AsyncConnection, revision: int) -> TrackingPolicy:
        now = datetime.now(UTC)
        company = await find_company(tx, company_id)
        company.demand_open("change the tracking policy")
        before = await find_policy(tx, company_id)
        after = policy.in_force(now, after=before.version)
        await policies.update(tx, company_id, after)
        await companies.update(tx, replace(company, revision=revision))
        await record_change(
            tx,
            encode=encode,
            event=CompanyPolicyChanged(company_id, revision, after),
            action=request.action,
            name="set_tracking_policy",
            at=now,
            before=_facts(before),
            after=_facts(after),
        )
        return after

    return await carry_out(engine, request, act)


def _facts(policy: TrackingPolicy) -> Mapping[str, str]:
    return {name: str(value).lower() for name, value in asdict(policy).items()}
