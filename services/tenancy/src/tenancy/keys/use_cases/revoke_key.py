"""Stops one key at once."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import NotFound
from tenancy.actions.rules.action import Action
from tenancy.actions.use_cases.act_once import act_once
from tenancy.actions.use_cases.record_change import Encode, record_change
from tenancy.audit.rules.entry import Facts
from tenancy.companies.rules.company import Company
from tenancy.companies.store import companies
from tenancy.companies.use_cases.find_company import find_company
from tenancy.events.rules.events import CompanyKeyRevoked
from tenancy.keys.rules.keys import Key, KeyState
from tenancy.keys.store import keys


@dataclass(frozen=True, slots=True)
class Revoked:
    """The company without the key; with no `keys_left` nobody gets in until the next rotation."""

    company: Company
    keys_left: int


async def revoke_key(engine: AsyncEngine, *, encode: Encode, action: Action, company_id: UUID, key_id: UUID) -> Revoked:
    """What is left. InvalidInput without a reason, NotFound, Refused when the key has ended already."""
    action.demand_reason("revoking the key")

    async def act(tx: AsyncConnection, revision: int) -> Revoked:
        now = datetime.now(UTC)
        company = await find_company(tx, company_id)
        key = await _find_key(tx, company_id, key_id)
        key.check_revocable(now)
        await keys.end(tx, key_id, ending=now)
        left = [key for key in await keys.newest(tx, company_id) if key.state(now) is not KeyState.ENDED]
        changed = replace(company, key_hint=left[0].hint if left else "", revision=revision)
        await companies.update(tx, changed)
        await record_change(
            tx,
            encode=encode,
            event=CompanyKeyRevoked(company_id, revision),
            action=action,
            name="revoke_key",
            at=now,
            before=_facts(key, key.state(now)),
            after=_facts(key, KeyState.ENDED),
        )
        return Revoked(changed, len(left))

    return await act_once(engine, action=action, kind=Revoked, act=act)


async def _find_key(tx: AsyncConnection, company_id: UUID, key_id: UUID) -> Key:
    key = await keys.get(tx, company_id, key_id)
    if key is None:
        raise NotFound(f"company {company_id} has no key {key_id}: look its id up in the list of its keys")
    return key


def _facts(key: Key, state: KeyState) -> Facts:
    return {"key_id": str(key.id), "key_hint": key.hint, "key_state": state}
