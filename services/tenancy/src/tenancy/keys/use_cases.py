"""Company keys: issued, rotated, revoked, counted; their use as the gateways report it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servicekit.errors import Conflict, NotFound
from tenancy.actions.use_cases import Encode, OwnerRequest, carry_out, record_change
from tenancy.audit.rules import Facts
from tenancy.companies import store as companies
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import find_company
from tenancy.keys.rules.key_use import KeyUse, latest_uses
from tenancy.keys.rules.keys import CompanyKeyRevoked, CompanyKeyRotated, IssuedKey, Key, KeyState, check_room, new_key
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.store import key_uses, keys

AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Issued:
    """A company and its new key."""

    company: Company
    key: IssuedKey


async def rotate_key(
    engine: AsyncEngine,
    *,
    peppers: Peppers,
    encode: Encode,
    request: OwnerRequest,
    company_id: UUID,
    grace: timedelta = AT_ONCE,
    replacing: str | None = None,
) -> Issued:
    """The company and its new key; the old ones stop after `grace`.

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
            action=request.action,
            name="rotate_key",
            at=now,
            before={"key_hint": company.key_hint},
            after={"key_hint": key.hint, "grace": str(grace)},
        )
        await keys.insert(tx, company_id, key, at=now)
        return Issued(changed, key.issued)

    return await carry_out(engine, request, act)


@dataclass(frozen=True, slots=True)
class Revoked:
    """The company without the key; with no `keys_left` nobody gets in until the next rotation."""

    company: Company
    keys_left: int


async def revoke_key(
    engine: AsyncEngine, *, encode: Encode, request: OwnerRequest, company_id: UUID, key_id: UUID
) -> Revoked:
    """What is left. InvalidInput without a reason, NotFound, Refused when the key has ended already."""
    request.action.demand_reason("revoking the key")

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
            action=request.action,
            name="revoke_key",
            at=now,
            before=_facts(key, key.state(now)),
            after=_facts(key, KeyState.ENDED),
        )
        return Revoked(changed, len(left))

    return await carry_out(engine, request, act)


async def _find_key(tx: AsyncConnection, company_id: UUID, key_id: UUID) -> Key:
    key = await keys.get(tx, company_id, key_id)
    if key is None:
        raise NotFound(f"company {company_id} has no key {key_id}: look its id up in the list of its keys")
    return key


def _facts(key: Key, state: KeyState) -> Facts:
    return {"key_id": str(key.id), "key_hint": key.hint, "key_state": state}


async def list_keys(engine: AsyncEngine, *, company_id: UUID) -> list[Key]:
    """The newest ones, newest first. NotFound when there is no such company."""
    async with engine.begin() as tx:
        await find_company(tx, company_id)
        return await keys.newest(tx, company_id)


async def report_key_use(engine: AsyncEngine, *, peppers: Peppers, uses: Sequence[KeyUse]) -> None:
    """Stores what is later than what is known. InvalidInput when there are too many at once."""
    latest = latest_uses(uses, datetime.now(UTC))
    # A reporter that was restarted too early, or too late, may call another pepper the newest.
    under_current = [use for use in latest if use.newest and use.newest_pepper_id == peppers.current.id]
    if latest:
        async with engine.begin() as tx:
            await key_uses.advance(tx, latest)
            if under_current:
                await key_uses.add_digests(tx, under_current, pepper_id=peppers.current.id)


async def count_keys(engine: AsyncEngine) -> Mapping[str, int]:
    """Keys that open by pepper id. An old pepper that is not among them may be taken out of the settings."""
    async with engine.begin() as tx:
        return await keys.count_by_pepper(tx)
