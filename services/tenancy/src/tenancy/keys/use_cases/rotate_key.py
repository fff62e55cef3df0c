"""A new key in place of all that a company has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict
from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyKeyRotated
from tenancy.keys.rules.keys import check_room, new_key
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.store import keys
from tenancy.keys.use_cases.issue_key import Issued, issue_key, show_once

AT_ONCE = timedelta(0)


async def rotate_key(
    engine: AsyncEngine,
    *,
    peppers: Peppers,
    encode: Encode,
    action: Action,
    company_id: UUID,
    grace: timedelta = AT_ONCE,
    replacing: str | None = None,
) -> tuple[Company, str]:
    """The company and the text of its new key; the old ones stop after `grace`.

    NotFound; Refused when the company is closed or has too many keys that open; Conflict when `replacing` is not the
    hint of its newest key.
    """

    async def act(tx: AsyncConnection, revision: int) -> Issued:
        now = datetime.now(UTC)
        company = await find_company(tx, company_id)
        company.demand_open("rotate the key")
        if replacing not in {None, company.key_hint}:
            raise Conflict(f"the key was replaced already: the present one ends in {company.key_hint}")
        check_room(await keys.count_open(tx, company_id, at=now), grace)
        key = new_key(peppers.current)
        changed = replace(company, key_hint=key.hint, revision=revision)
        await companies.update(tx, changed)
        await keys.end_all(tx, company_id, ending=now + grace)
        await record_change(
            tx,
            encode=encode,
            event=CompanyKeyRotated(company_id, revision),
            action=action,
            name="rotate_key",
            at=now,
            before={"key_hint": company.key_hint},
            after={"key_hint": key.hint, "grace": str(grace)},
        )
        return await issue_key(tx, changed, key, at=now)

    return await show_once(engine, peppers=peppers, action=action, act=act)
