"""Idempotency keys over real mutual TLS."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.errors import Conflict, InvalidInput, Refused
from servicekit.rpc_client import call
from tenancy.actions.use_cases import clear_old_responses
from tenancy.audit.use_cases import verify_audit
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.servicer import TenancyServicer
from testkit.world import World

CROWD = 100


def action(key: str, **changes: Any) -> pb.Action:
    return pb.Action(**({"actor": "owner@tenantry.example", "reason": "asked", "idempotency_key": key} | changes))


def creation(name: str, by: pb.Action) -> pb.CreateCompanyRequest:
    return pb.CreateCompanyRequest(action=by, name=name, email="it@acme.example", plan_code="PRO")


async def crowd(method: Any, *requests: Any) -> list[Any]:
    """Sends all requests concurrently."""
    return await asyncio.gather(*(call(method, request, deadline=30) for request in requests), return_exceptions=True)


async def effects(engine: AsyncEngine) -> tuple[int, int, int]:
    counts = "SELECT (SELECT revision FROM clock), (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM outbox)"
    async with engine.begin() as tx:
        row = (await tx.execute(text(counts))).one()
    return row[0], row[1], row[2]


async def new_company(portal: TenancyServiceStub, name: str) -> pb.Company:
    response: pb.CreateCompanyResponse = await call(portal.CreateCompany, creation(name, action(f"new {name}")))
    return response.company


async def test_a_hundred_equal_creations_have_one_effect(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    before = await effects(engine)
    answers = await crowd(portal.CreateCompany, *[creation("Once", action("create"))] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].key.startswith("company_")
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_a_hundred_equal_rotations_have_one_effect(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    company = await new_company(portal, "Rotated once")
    before = await effects(engine)
    request = pb.RotateKeyRequest(action=action("rotate"), company_id=company.id, grace_seconds=60)
    answers = await crowd(portal.RotateKey, *[request] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].company.key_hint == answers[0].key[-4:]
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_a_hundred_equal_changes_have_one_effect(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    company = await new_company(portal, "Suspended once")
    before = await effects(engine)
    request = pb.SuspendCompanyRequest(action=action("suspend"), company_id=company.id)
    answers = await crowd(portal.SuspendCompany, *[request] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].company.state == pb.COMPANY_STATE_SUSPENDED
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_a_hundred_different_requests_leave_a_consistent_state(
    portal: TenancyServiceStub, engine: AsyncEngine
) -> None:
    company = await new_company(portal, "Busy")
    rotations = [pb.RotateKeyRequest(action=action(f"busy {n}"), company_id=company.id) for n in range(CROWD // 2)]
    updates = [
        pb.UpdateCompanyRequest(action=action(f"name {n}"), company_id=company.id, name=f"Busy {n}")
        for n in range(CROWD // 2)
    ]
    rotated, updated = await asyncio.gather(crowd(portal.RotateKey, *rotations), crowd(portal.UpdateCompany, *updates))
    assert {type(answer) for answer in rotated} == {pb.RotateKeyResponse}
    assert {type(answer) for answer in updated} == {pb.UpdateCompanyResponse}
    assert len({answer.key for answer in rotated}) == CROWD // 2
    latest = max([*rotated, *updated], key=lambda answer: answer.company.revision).company
    changes = await call(portal.ListCompanyChanges, pb.ListCompanyChangesRequest(after_revision=latest.revision - 1))
    assert list(changes.companies) == [latest]
    assert latest.key_hint == max(rotated, key=lambda answer: answer.company.revision).key[-4:]
    assert (await verify_audit(engine)).flaw is None


async def test_the_same_answer_comes_after_other_changes(portal: TenancyServiceStub) -> None:
    created = await call(portal.CreateCompany, creation("Then and now", action("then")))
    rename = pb.UpdateCompanyRequest(action=action("now"), company_id=created.company.id, name="Now")
    await call(portal.UpdateCompany, rename)
    retried = creation("Then and now", action("then", request_id="another attempt"))
    assert await call(portal.CreateCompany, retried) == created


@pytest.mark.parametrize("changes", [{"reason": "another"}, {"actor": "somebody@else.example"}])
async def test_a_key_is_good_for_one_request(portal: TenancyServiceStub, changes: dict[str, str]) -> None:
    company = await new_company(portal, f"Reused {changes}")
    used = f"used {changes}"
    request = pb.SuspendCompanyRequest(action=action(used), company_id=company.id)
    await call(portal.SuspendCompany, request)
    reused = [
        (portal.SuspendCompany, pb.SuspendCompanyRequest(action=action(used, **changes), company_id=company.id)),
        (portal.ReactivateCompany, pb.ReactivateCompanyRequest(action=action(used), company_id=company.id)),
    ]
    for method, other in reused:
        with pytest.raises(Conflict, match="idempotency_key was used for another request: take a new key"):
            await call(method, other)


async def test_a_refused_request_may_be_tried_again(portal: TenancyServiceStub) -> None:
    company = await new_company(portal, "Patient")
    request = pb.ReactivateCompanyRequest(action=action("again"), company_id=company.id)
    with pytest.raises(Refused):
        await call(portal.ReactivateCompany, request)
    await call(portal.SuspendCompany, pb.SuspendCompanyRequest(action=action("first"), company_id=company.id))
    assert (await call(portal.ReactivateCompany, request)).company.state == pb.COMPANY_STATE_ACTIVE


async def test_a_key_must_be_storable(portal: TenancyServiceStub) -> None:
    for key, advice in (("x" * 201, "shorten it to 200"), ("a\x00b", "control character"), (" ", "is missing")):
        with pytest.raises(InvalidInput, match=f"action.idempotency_key .*{advice}"):
            await call(portal.CreateCompany, creation("Refused", action(key)))


async def test_stored_responses_hold_no_key_and_last_a_day(
    portal: TenancyServiceStub, engine: AsyncEngine, world: World
) -> None:
    created = await call(portal.CreateCompany, creation("Forgotten", action("forgotten")))
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        stored = superuser.execute("SELECT string_agg(encode(response, 'escape'), '') FROM idempotency_key").fetchone()
        assert created.key.removeprefix("company_") not in str(stored)
        superuser.execute("UPDATE idempotency_key SET used_at = used_at - interval '24 hours' WHERE key = 'forgotten'")
    with pytest.raises(Conflict, match="used more than 24 hours ago"):
        await call(portal.CreateCompany, creation("Forgotten", action("forgotten")))
    assert await clear_old_responses(engine) == 1
    assert await clear_old_responses(engine) == 0
    with pytest.raises(Conflict, match="used more than 24 hours ago"):
        await call(portal.CreateCompany, creation("Forgotten", action("forgotten")))


async def test_a_key_cannot_be_shown_again_without_its_pepper(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    request = creation("Peppered", action("peppered"))
    created = await call(portal.CreateCompany, request)
    replaced = Peppers.of(bytes(32), bytes(range(32)))
    assert await TenancyServicer(engine, peppers=replaced, encode=encode).CreateCompany(request, None) == created
    with pytest.raises(Refused, match="its pepper was removed: rotate the key"):
        await TenancyServicer(engine, peppers=Peppers.of(bytes(32)), encode=encode).CreateCompany(request, None)
