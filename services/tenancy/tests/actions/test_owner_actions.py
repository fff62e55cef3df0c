"""Owner actions on PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypedDict
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from tenancy.access.rules import AccessKey, AccessRecord
from tenancy.access.use_cases import list_access_changes
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import Encode, OwnerRequest
from tenancy.companies.rules.company import Company, CompanyState
from tenancy.companies.use_cases import find_company, set_logo, update_company
from tenancy.db.rules import ChangePage
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import rotate_key
from tenancy.lifecycle.use_cases import close_company, reactivate_company, suspend_company
from tenancy.policies.rules import DEFAULT_POLICY
from tenancy.policies.use_cases import set_tracking_policy

Create = Callable[[str], Awaitable[tuple[Company, str]]]

PEPPERS = Peppers.of(bytes(range(32)))
OWNER = OwnerRequest(Action("owner@tenantry.example", "unpaid"))


class About(TypedDict):
    """The arguments that every action has."""

    encode: Encode
    request: OwnerRequest
    company_id: UUID


async def get_company(engine: AsyncEngine, *, company_id: UUID) -> Company:
    async with engine.begin() as tx:
        return await find_company(tx, company_id)


async def rows(engine: AsyncEngine, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.begin() as tx:
        return [tuple(row) for row in await tx.execute(text(statement), values)]


async def access(engine: AsyncEngine, company: Company) -> AccessRecord:
    """The access record of a company at its revision."""
    (found,) = await list_access_changes(engine, page=ChangePage(company.revision - 1, 1))
    return found


def access_key(key: str) -> AccessKey:
    """A valid key as in the access record."""
    return AccessKey(PEPPERS.current.digest(key), PEPPERS.current.id, None)


async def trail(engine: AsyncEngine, company_id: UUID) -> list[tuple[Any, ...]]:
    return await rows(
        engine,
        "SELECT action, actor, reason, before, after FROM audit_entry WHERE company_id = :id ORDER BY revision",
        id=company_id,
    )


async def test_a_new_company_is_active_and_its_key_opens(engine: AsyncEngine, create: Create) -> None:
    company, key = await create("Acme")
    assert company == await get_company(engine, company_id=company.id)
    assert (company.state, company.last_sync_at, company.key_hint) == (CompanyState.ACTIVE, None, key[-4:])
    found = await access(engine, company)
    assert found == AccessRecord(
        company.id,
        CompanyState.ACTIVE,
        "Europe/Berlin",
        (access_key(key),),
        DEFAULT_POLICY.in_force(company.created_at),
        company.revision,
    )


async def test_the_key_itself_is_stored_nowhere(engine: AsyncEngine, create: Create) -> None:
    _, key = await create("Secretive")
    for table in ("company", "company_key", "key_digest", "audit_entry", "outbox"):
        assert not await rows(engine, f"SELECT 1 FROM {table} t WHERE t::text LIKE :key", key=f"%{key[8:]}%")


@pytest.mark.parametrize("name", ["UNIQUE", "unique", " Unique ", "Uni\u200bque"])
async def test_a_name_is_unique_regardless_of_case(engine: AsyncEngine, create: Create, name: str) -> None:
    if not await rows(engine, "SELECT 1 FROM company WHERE name = 'Unique'"):
        await create("Unique")
    with pytest.raises(Conflict, match="choose another name"):
        await create(name)


async def test_of_twenty_concurrent_creations_of_a_name_one_succeeds(engine: AsyncEngine, create: Create) -> None:
    names = ("Contested", "CONTESTED")
    outcomes = await asyncio.gather(*(create(names[n % 2]) for n in range(20)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(refused) == 19
    assert await rows(engine, "SELECT count(*) FROM company WHERE name_key = 'contested'") == [(1,)]


async def test_a_refused_creation_leaves_no_trace(engine: AsyncEngine, create: Create) -> None:
    await create("Once")
    counts = "SELECT (SELECT revision FROM clock), (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM outbox)"
    before = await rows(engine, counts)
    with pytest.raises(Conflict):
        await create("once")
    assert await rows(engine, counts) == before


async def test_suspending_and_reactivating(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Sleepy")
    suspended = await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)
    assert suspended == replace(company, state=CompanyState.SUSPENDED, revision=suspended.revision)
    assert suspended == await get_company(engine, company_id=company.id)
    assert (await access(engine, suspended)).state is CompanyState.SUSPENDED
    with pytest.raises(Refused, match="cannot suspend this company: it is suspended"):
        await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)

    active = await reactivate_company(engine, encode=encode, request=OWNER, company_id=company.id)
    assert active == replace(company, revision=active.revision)
    assert company.revision < suspended.revision < active.revision
    with pytest.raises(Refused, match="cannot reactivate this company: it is active"):
        await reactivate_company(engine, encode=encode, request=OWNER, company_id=company.id)


async def test_of_ten_concurrent_suspensions_one_succeeds(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Besieged")
    calls = (suspend_company(engine, encode=encode, request=OWNER, company_id=company.id) for _ in range(10))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 9


@pytest.mark.parametrize("act", [suspend_company, close_company])
async def test_suspending_and_closing_need_a_reason(engine: AsyncEngine, act: Any) -> None:
    with pytest.raises(InvalidInput, match="say why"):
        await act(engine, encode=encode, request=OwnerRequest(replace(OWNER.action, reason="")), company_id=new_id())


async def test_a_closed_company_has_no_key_and_stays_as_it_is(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Gone")
    closed = await close_company(engine, encode=encode, request=OWNER, company_id=company.id)
    assert closed == replace(company, state=CompanyState.CLOSED, key_hint="", revision=closed.revision)
    assert closed == await get_company(engine, company_id=company.id)
    assert (await access(engine, closed)).keys == ()
    about: About = {"encode": encode, "request": OWNER, "company_id": company.id}
    calls = {
        "cannot close this company: it is closed": close_company(engine, **about),
        "cannot suspend this company: it is closed": suspend_company(engine, **about),
        "cannot reactivate this company: it is closed": reactivate_company(engine, **about),
        "cannot rotate the key of this company: it is closed": rotate_key(engine, peppers=PEPPERS, **about),
        "cannot change the details of this company: it is closed": update_company(
            engine, changes={"name": "Back"}, **about
        ),
        "cannot change the logo of this company: it is closed": set_logo(engine, logo=None, **about),
        "cannot change the tracking policy of this company: it is closed": set_tracking_policy(
            engine, policy=DEFAULT_POLICY, **about
        ),
    }
    for refusal, call in calls.items():
        with pytest.raises(Refused, match=refusal):
            await call
    with pytest.raises(Conflict):
        await create("gone")


async def test_only_the_given_details_change(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Renamed")
    changes = {"name": "Newly named", "phone": " 030 123456 "}
    changed = await update_company(engine, encode=encode, request=OWNER, company_id=company.id, changes=changes)
    details = replace(company.details, name="Newly named", phone="030 123456")
    assert changed == replace(company, details=details, revision=changed.revision)
    assert changed == await get_company(engine, company_id=company.id)
    assert (await trail(engine, company.id))[-1][3:] == (
        {"name": "Renamed", "phone": ""},
        {"name": "Newly named", "phone": "030 123456"},
    )
    await create("Renamed")  # the old name is free


async def test_a_name_that_another_company_has_is_refused(engine: AsyncEngine, create: Create) -> None:
    await create("Taken")
    company, _ = await create("Envious")
    about: About = {"encode": encode, "request": OWNER, "company_id": company.id}
    with pytest.raises(Conflict, match="there is already a company called TAKEN"):
        await update_company(engine, changes={"name": "TAKEN"}, **about)
    own = await update_company(engine, changes={"name": "ENVIOUS"}, **about)
    assert own.details.name == "ENVIOUS"
    with pytest.raises(InvalidInput, match="there is nothing to change: give at least one field"):
        await update_company(engine, changes={}, **about)
    with pytest.raises(InvalidInput, match="email is not an address"):
        await update_company(engine, changes={"email": "nobody"}, **about)


async def test_rotating_ends_every_live_key_at_once(engine: AsyncEngine, create: Create) -> None:
    company, first = await create("Rotating")
    issued = await rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company.id)
    rotated, second = issued.company, issued.key.text(PEPPERS)
    assert second != first
    assert rotated == replace(company, key_hint=second[-4:], revision=rotated.revision)
    assert rotated == await get_company(engine, company_id=company.id)
    assert (await access(engine, rotated)).keys == (access_key(second),)
    revoked = "SELECT hint FROM company_key WHERE company_id = :id AND valid_until IS NOT NULL"
    assert await rows(engine, revoked, id=company.id) == [(first[-4:],)]


async def test_concurrent_rotations_leave_one_live_key(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Spinning")
    calls = (
        rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company.id) for _ in range(10)
    )
    newest = max(await asyncio.gather(*calls), key=lambda issued: issued.company.revision)
    assert (await access(engine, newest.company)).keys == (access_key(newest.key.text(PEPPERS)),)


async def test_a_suspended_company_may_get_a_new_key_and_stays_suspended(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Leaky")
    await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)
    rotated = (await rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company.id)).company
    assert rotated.state is CompanyState.SUSPENDED


async def test_an_unknown_company_is_not_found(engine: AsyncEngine) -> None:
    nobody = new_id()
    calls = (
        get_company(engine, company_id=nobody),
        suspend_company(engine, encode=encode, request=OWNER, company_id=nobody),
        reactivate_company(engine, encode=encode, request=OWNER, company_id=nobody),
        rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=nobody),
    )
    for call in calls:
        with pytest.raises(NotFound, match=f"there is no company {nobody}"):
            await call


async def test_every_action_is_in_the_audit_trail(engine: AsyncEngine, create: Create) -> None:
    company, first = await create("Audited")
    await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)
    await reactivate_company(
        engine, encode=encode, request=OwnerRequest(replace(OWNER.action, reason="")), company_id=company.id
    )
    second = (await rotate_key(engine, peppers=PEPPERS, encode=encode, request=OWNER, company_id=company.id)).key.text(
        PEPPERS
    )
    created, *others = await trail(engine, company.id)
    assert created[:4] == ("create", OWNER.action.actor, "because", None)
    assert created[4] == {
        "name": "Audited",
        "email": "it@acme.example",
        "contact_person": "",
        "phone": "",
        "address": "",
        "time_zone": "Europe/Berlin",
        "state": "active",
        "key_hint": first[-4:],
        "plan_code": "PRO",
    }
    actor = OWNER.action.actor
    assert others == [
        ("suspend", actor, "unpaid", {"state": "active"}, {"state": "suspended"}),
        ("reactivate", actor, "", {"state": "suspended"}, {"state": "active"}),
        (
            "rotate_key",
            OWNER.action.actor,
            "unpaid",
            {"key_hint": first[-4:]},
            {"key_hint": second[-4:], "grace": "0:00:00"},
        ),
    ]
