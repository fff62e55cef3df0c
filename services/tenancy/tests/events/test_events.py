"""From the owner's action to JetStream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import nats
import pytest
from nats.js.client import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1 import events_pb2
from servicekit.bus import Bus
from servicekit.errors import Conflict
from servicekit.relay import Relay
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.companies.rules.company import Company
from tenancy.companies.use_cases import update_company
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.keys.use_cases import list_keys, revoke_key, rotate_key
from tenancy.lifecycle.use_cases import close_company, reactivate_company, suspend_company
from tenancy.policies.messages import to_policy
from tenancy.policies.rules import DEFAULT_POLICY
from tenancy.policies.use_cases import set_tracking_policy
from testkit.world import World

Create = Callable[[str], Awaitable[tuple[Company, str]]]

OWNER = OwnerRequest(Action("owner@tenantry.example", "unpaid"))


@pytest.fixture(scope="module")
async def stream(world: World) -> AsyncIterator[JetStreamContext]:
    """JetStream as the operator sees it."""
    connection = await nats.connect(world.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    yield connection.jetstream()
    await connection.close()


@pytest.fixture(scope="module")
async def relay(engine: AsyncEngine, environment: dict[str, str]) -> AsyncIterator[Relay]:
    """With the service's own user, which may publish nothing but its subjects."""
    bus = Bus(environment["TENANCY_NATS_URL"], name="tenancy")
    await asyncio.wait_for(bus.connect(), 10)
    yield Relay(engine, bus, source="tenancy", stream="TENANCY")
    await bus.close()


async def test_each_action_is_announced_once_it_is_committed(
    engine: AsyncEngine, create: Create, relay: Relay, stream: JetStreamContext
) -> None:
    company, _ = await create("Announced")
    with pytest.raises(Conflict):
        await create("announced")
    suspended = await suspend_company(engine, encode=encode, request=OWNER, company_id=company.id)
    active = await reactivate_company(engine, encode=encode, request=OWNER, company_id=company.id)
    issued = await rotate_key(
        engine, peppers=Peppers.of(bytes(32)), encode=encode, request=OWNER, company_id=company.id
    )
    rotated = issued.company
    policy = await set_tracking_policy(
        engine, encode=encode, request=OWNER, company_id=company.id, policy=DEFAULT_POLICY
    )
    updated = await update_company(
        engine, encode=encode, request=OWNER, company_id=company.id, changes={"time_zone": "UTC"}
    )
    (key, *_) = await list_keys(engine, company_id=company.id)
    revoked = await revoke_key(engine, encode=encode, request=OWNER, company_id=company.id, key_id=key.id)
    closed = await close_company(engine, encode=encode, request=OWNER, company_id=company.id)
    assert (await stream.stream_info("TENANCY")).state.messages == 0
    while await relay.publish_waiting():
        pass

    about = {"company_id": str(company.id)}
    expected = {
        "created": events_pb2.CompanyCreated(**about, plan_code="PRO", revision=company.revision),
        "suspended": events_pb2.CompanySuspended(**about, revision=suspended.revision),
        "reactivated": events_pb2.CompanyReactivated(**about, revision=active.revision),
        "key_rotated": events_pb2.CompanyKeyRotated(**about, revision=rotated.revision),
        "policy_changed": events_pb2.CompanyPolicyChanged(
            **about, revision=rotated.revision + 1, policy=to_policy(policy)
        ),
        "updated": events_pb2.CompanyUpdated(**about, revision=updated.revision),
        "key_revoked": events_pb2.CompanyKeyRevoked(**about, revision=revoked.company.revision),
        "closed": events_pb2.CompanyClosed(**about, revision=closed.revision),
    }
    for verb, event in expected.items():
        message = await stream.get_last_msg("TENANCY", f"tenancy.v1.company.{verb}")
        assert type(event).FromString(message.data or b"") == event
        headers = message.headers or {}
        assert headers["ce-type"] == f"tenancy.v1.company.{verb}"
        assert headers["ce-source"] == "/tenantry/tenancy"
    assert (await stream.stream_info("TENANCY")).state.messages == len(expected)
    async with engine.begin() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM outbox"))).scalar_one() == 0
