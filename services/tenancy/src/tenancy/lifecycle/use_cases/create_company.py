"""A new customer."""

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict
from servicekit.ids import new_id
from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.rules.details import CompanyDetails
from tenancy.companies.store import companies
from tenancy.events.rules.events import CompanyCreated
from tenancy.keys.rules.keys import new_key
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases.issue_key import Issued, issue_key, show_once
from tenancy.policies.rules.policy import DEFAULT_POLICY
from tenancy.policies.store import policies


async def create_company(
    engine: AsyncEngine, *, peppers: Peppers, encode: Encode, action: Action, details: CompanyDetails, plan_code: str
) -> tuple[Company, str]:
    """The company and the text of its first key. Conflict when another company has the name."""

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
            action=action,
            name="create",
            at=now,
            before=None,
            after=asdict(details) | {"state": company.state, "key_hint": key.hint, "plan_code": plan_code},
        )
        return await issue_key(tx, company, key, at=now)

    return await show_once(engine, peppers=peppers, action=action, act=act)
