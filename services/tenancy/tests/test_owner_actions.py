"""What the owner does to companies, on PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id
from tenancy.application.get_company import get_company
from tenancy.application.list_access_changes import list_access_changes
from tenancy.application.reactivate_company import reactivate_company
from tenancy.application.rotate_key import rotate_key
from tenancy.application.suspend_company import suspend_company
from tenancy.domain.action import Action
from tenancy.domain.company import Access, Company, CompanyState
from tenancy.domain.keys import key_digest
from tenancy.domain.page import Page
from tenancy.feed.events import encode

Create = Callable[[str], Awaitable[tuple[Company, str]]]

PEPPER = bytes(range(32))
OWNER = Action("owner@tenantry.example", "unpaid")


async def rows(engine: AsyncEngine, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async with engine.begin() as tx:
        return [tuple(row) for row in await tx.execute(text(statement), values)]


async def access(engine: AsyncEngine, company: Company) -> Access:
    """What the gateways know about the company at its revision."""
    (found,) = await list_access_changes(engine, page=Page(company.revision - 1, 1))
    return found


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
    assert found == Access(
        company.id, CompanyState.ACTIVE, "Europe/Berlin", (key_digest(key, PEPPER),), company.revision
    )


async def test_the_key_itself_is_stored_nowhere(engine: AsyncEngine, create: Create) -> None:
    _, key = await create("Secretive")
    for table in ("company", "company_key", "audit_entry", "outbox"):
        assert not await rows(engine, f"SELECT 1 FROM {table} t WHERE t::text LIKE :key", key=f"%{key[8:]}%")


@pytest.mark.parametrize("name", ["UNIQUE", "unique", " Unique ", "Uni\u200bque"])
async def test_a_name_is_given_once_whatever_its_letter_case(engine: AsyncEngine, create: Create, name: str) -> None:
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
    suspended = await suspend_company(engine, encode=encode, action=OWNER, company_id=company.id)
    assert suspended == replace(company, state=CompanyState.SUSPENDED, revision=suspended.revision)
    assert suspended == await get_company(engine, company_id=company.id)
    assert (await access(engine, suspended)).state is CompanyState.SUSPENDED
    with pytest.raises(Refused, match="cannot suspend this company: it is suspended"):
        await suspend_company(engine, encode=encode, action=OWNER, company_id=company.id)

    active = await reactivate_company(engine, encode=encode, action=OWNER, company_id=company.id)
    assert active == replace(company, revision=active.revision)
    assert company.revision < suspended.revision < active.revision
    with pytest.raises(Refused, match="cannot reactivate this company: it is active"):
        await reactivate_company(engine, encode=encode, action=OWNER, company_id=company.id)


async def test_of_ten_concurrent_suspensions_one_succeeds(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Besieged")
    calls = (suspend_company(engine, encode=encode, action=OWNER, company_id=company.id) for _ in range(10))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 9


async def test_suspending_needs_a_reason(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Unexplained")
    with pytest.raises(InvalidInput, match="say why"):
        await suspend_company(engine, encode=encode, action=replace(OWNER, reason=""), company_id=company.id)


async def test_rotating_ends_every_live_key_at_once(engine: AsyncEngine, create: Create) -> None:
    company, first = await create("Rotating")
    rotated, second = await rotate_key(engine, pepper=PEPPER, encode=encode, action=OWNER, company_id=company.id)
    assert second != first
    assert rotated == replace(company, key_hint=second[-4:], revision=rotated.revision)
    assert rotated == await get_company(engine, company_id=company.id)
    assert (await access(engine, rotated)).key_digests == (key_digest(second, PEPPER),)
    revoked = "SELECT hint FROM company_key WHERE company_id = :id AND revoked_at IS NOT NULL"
    assert await rows(engine, revoked, id=company.id) == [(first[-4:],)]


async def test_concurrent_rotations_leave_one_live_key(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Spinning")
    calls = (rotate_key(engine, pepper=PEPPER, encode=encode, action=OWNER, company_id=company.id) for _ in range(10))
    newest, key = max(await asyncio.gather(*calls), key=lambda outcome: outcome[0].revision)
    assert (await access(engine, newest)).key_digests == (key_digest(key, PEPPER),)


async def test_a_suspended_company_may_get_a_new_key_and_stays_suspended(engine: AsyncEngine, create: Create) -> None:
    company, _ = await create("Leaky")
    await suspend_company(engine, encode=encode, action=OWNER, company_id=company.id)
    rotated, _ = await rotate_key(engine, pepper=PEPPER, encode=encode, action=OWNER, company_id=company.id)
    assert rotated.state is CompanyState.SUSPENDED


async def test_an_unknown_company_is_not_found(engine: AsyncEngine) -> None:
    nobody = new_id()
    calls = (
        get_company(engine, company_id=nobody),
        suspend_company(engine, encode=encode, action=OWNER, company_id=nobody),
        reactivate_company(engine, encode=encode, action=OWNER, company_id=nobody),
        rotate_key(engine, pepper=PEPPER, encode=encode, action=OWNER, company_id=nobody),
    )
    for call in calls:
        with pytest.raises(NotFound, match=f"there is no company {nobody}"):
            await call


async def test_every_action_is_in_the_audit_trail(engine: AsyncEngine, create: Create) -> None:
    company, first = await create("Audited")
    await suspend_company(engine, encode=encode, action=OWNER, company_id=company.id)
    await reactivate_company(engine, encode=encode, action=replace(OWNER, reason=""), company_id=company.id)
    _, second = await rotate_key(engine, pepper=PEPPER, encode=encode, action=OWNER, company_id=company.id)
    created, *others = await trail(engine, company.id)
    assert created[:4] == ("create", OWNER.actor, "because", None)
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
    assert others == [
        ("suspend", OWNER.actor, "unpaid", {"state": "active"}, {"state": "suspended"}),
        ("reactivate", OWNER.actor, "", {"state": "suspended"}, {"state": "active"}),
        ("rotate_key", OWNER.actor, "unpaid", {"key_hint": first[-4:]}, {"key_hint": second[-4:]}),
    ]
