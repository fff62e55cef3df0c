"""Says what a company's trackers record from now on."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.store import companies
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyPolicyChanged
from tenancy.policies.rules.policy import TrackingPolicy
from tenancy.policies.store import policies
from tenancy.policies.use_cases.get_tracking_policy import find_policy


async def set_tracking_policy(
    engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID, policy: TrackingPolicy
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
            action=action,
            name="set_tracking_policy",
            at=now,
            before=_facts(before),
            after=_facts(after),
        )
        return after

    return await act_once(engine, action=action, kind=TrackingPolicy, act=act)


def _facts(policy: TrackingPolicy) -> Mapping[str, str]:
    return {name: str(value).lower() for name, value in asdict(policy).items()}
