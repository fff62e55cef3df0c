"""A new customer."""

from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Conflict
from servicekit.ids import new_id
from tenancy.application.record_change import Encode, record_change
from tenancy.domain.action import Action
from tenancy.domain.company import Company, CompanyState
from tenancy.domain.details import CompanyDetails
from tenancy.domain.events import CompanyCreated
from tenancy.domain.keys import new_key
from tenancy.store import clock, companies, keys


async def create_company(
    engine: AsyncEngine, *, pepper: bytes, encode: Encode, action: Action, details: CompanyDetails, plan_code: str
) -> tuple[Company, str]:
    """The company and the text of its first key. Conflict when another company has the name."""
    key = new_key(pepper)
    async with engine.begin() as tx:
        revision = await clock.advance(tx)
        now = datetime.now(UTC)
        company = Company(
            id=new_id(),
            details=details,
            state=CompanyState.ACTIVE,
            key_hint=key.hint,
            created_at=now,
            last_sync_at=None,
            revision=revision,
        )
        if not await companies.insert(tx, company):
            raise Conflict(f"there is a company called {details.name} already: choose another name")
        await keys.insert(tx, company.id, key, at=now)
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
    return company, key.text
