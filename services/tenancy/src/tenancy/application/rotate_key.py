"""A new key in place of all that a company has."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from tenancy.application.find_company import find_company
from tenancy.application.record_change import Encode, record_change
from tenancy.domain.action import Action
from tenancy.domain.company import Company
from tenancy.domain.events import CompanyKeyRotated
from tenancy.domain.keys import new_key
from tenancy.store import clock, companies, keys


async def rotate_key(
    engine: AsyncEngine, *, pepper: bytes, encode: Encode, action: Action, company_id: UUID
) -> tuple[Company, str]:
    """The company and the text of its new key; the old ones stop at once. NotFound."""
    key = new_key(pepper)
    async with engine.begin() as tx:
        revision = await clock.advance(tx)
        company = await find_company(tx, company_id)
        changed = replace(company, key_hint=key.hint, revision=revision)
        now = datetime.now(UTC)
        await companies.update(tx, changed)
        await keys.revoke_all(tx, company_id, at=now)
        await keys.insert(tx, company_id, key, at=now)
        await record_change(
            tx,
            encode=encode,
            event=CompanyKeyRotated(company_id, revision),
            action=action,
            name="rotate_key",
            at=now,
            before={"key_hint": company.key_hint},
            after={"key_hint": key.hint},
        )
    return changed, key.text
