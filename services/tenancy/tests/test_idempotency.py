"""Requests that arrive more than once, over real mutual TLS."""

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
from tenancy.actions.rules.action import Action, Once
from tenancy.actions.use_cases.forget_answers import forget_answers
from tenancy.audit.use_cases.verify_audit import verify_audit
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases.issue_key import show_once
from testkit.world import World

CROWD = 100


def action(key: str, **changes: Any) -> pb.Action:
    return pb.Action(**({"actor": "owner@tenantry.example", "reason": "asked", "idempotency_key": key} | changes))


def creation(name: str, by: pb.Action) -> pb.CreateCompanyRequest:
    return pb.CreateCompanyRequest(action=by, name=name, email="it@acme.example", plan_code="PRO")


async def crowd(method: Any, *requests: Any) -> list[Any]:
    """All at once, as callers that wait for each other's commits."""
    return await asyncio.gather(*(call(method, request, deadline=30) for request in requests), return_exceptions=True)


async def effects(engine: AsyncEngine) -> tuple[int, int, int]:
    counts = "SELECT (SELECT revision FROM clock), (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM outbox)"
    async with engine.begin() as tx:
        row = (await tx.execute(text(counts))).one()
    return row[0], row[1], row[2]


async def new_company(portal: TenancyServiceStub, name: str) -> pb.Company:
    return (await call(portal.CreateCompany, creation(name, action(f"new {name}")))).company


async def test_of_a_hundred_equal_creations_one_happens(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    before = await effects(engine)
    answers = await crowd(portal.CreateCompany, *[creation("Once", action("create"))] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].key.startswith("company_")
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_of_a_hundred_equal_rotations_one_happens(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    company = await new_company(portal, "Rotated once")
    before = await effects(engine)
    request = pb.RotateKeyRequest(action=action("rotate"), company_id=company.id, grace_seconds=60)
    answers = await crowd(portal.RotateKey, *[request] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].company.key_hint == answers[0].key[-4:]
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_of_a_hundred_equal_changes_one_happens(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    company = await new_company(portal, "Suspended once")
    before = await effects(engine)
    request = pb.SuspendCompanyRequest(action=action("suspend"), company_id=company.id)
    answers = await crowd(portal.SuspendCompany, *[request] * CROWD)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].company.state == pb.COMPANY_STATE_SUSPENDED
    assert await effects(engine) == tuple(count + 1 for count in before)


async def test_a_hundred_different_wishes_end_up_consistent(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
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
    assert (await call(portal.GetCompany, pb.GetCompanyRequest(company_id=company.id))).company == latest
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


async def test_kept_answers_hold_no_key_and_last_a_day(
    portal: TenancyServiceStub, engine: AsyncEngine, world: World
) -> None:
    created = await call(portal.CreateCompany, creation("Forgotten", action("forgotten")))
    with psycopg.connect(world.superuser_dsn("tenancy"), autocommit=True) as superuser:
        kept = "SELECT kept_until - now() FROM kept_answer a WHERE key = 'forgotten'"
        (left,) = superuser.execute(kept).fetchone() or (None,)
        assert left is not None
        assert 23.9 < left.total_seconds() / 3_600 <= 24
        everything = str(superuser.execute("SELECT a::text FROM kept_answer a").fetchall())
        assert created.key.removeprefix("company_") not in everything
        superuser.execute("UPDATE kept_answer SET kept_until = now() WHERE key = 'forgotten'")
    with pytest.raises(Conflict, match="choose another name"):  # a new wish by now
        await call(portal.CreateCompany, creation("Forgotten", action("forgotten")))
    assert await forget_answers(engine) == 1
    assert await forget_answers(engine) == 0


async def test_a_key_cannot_be_shown_again_without_its_pepper(portal: TenancyServiceStub, engine: AsyncEngine) -> None:
    request = creation("Peppered", action("peppered"))
    created = await call(portal.CreateCompany, request)

    async def never(*_: object) -> Any:
        raise AssertionError

    async with engine.begin() as tx:
        statement = text("SELECT fingerprint FROM kept_answer WHERE key = 'peppered'")
        fingerprint = (await tx.execute(statement)).scalar_one()
    again = Action("owner@tenantry.example", "asked", once=Once("peppered", fingerprint))
    replaced = Peppers.of(bytes(32), bytes(range(32)))
    assert (await show_once(engine, peppers=replaced, action=again, act=never))[1] == created.key
    with pytest.raises(Refused, match="its pepper is gone: rotate the key"):
        await show_once(engine, peppers=Peppers.of(bytes(32)), action=again, act=never)
