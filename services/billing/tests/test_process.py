"""The process: commands, an event from end to end, and operation without NATS."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import grpc
import nats
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.subscriptions.messages import encode
from billing.subscriptions.use_cases.company_events import start_trial
from contracts.billing.v1 import billing_pb2, events_pb2
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from contracts.tenancy.v1.events_pb2 import CompanyCreated
from servicekit import rpc_client
from servicekit.ids import new_id
from servicekit.settings import TlsSettings
from tenantry_ops.ports import free_port
from testkit.waiting import eventually
from testkit.world import World, run_command

ConnectAs = Callable[[str], BillingServiceStub]
History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]


async def test_migrating_again_changes_nothing(environment: dict[str, str], connect_as: ConnectAs) -> None:
    run_command("billing", "migrate", environment=environment)
    answer = await rpc_client.call(connect_as("operator").ListPlans, billing_pb2.ListPlansRequest())
    assert len(answer.plans) == 3


async def test_a_created_company_gets_its_trial_and_the_gateways_hear_of_it(
    world: World, connect_as: ConnectAs, history: History
) -> None:
    company = new_id()
    tracking = await nats.connect(world.platform.nats_url("tracking"), inbox_prefix=b"_INBOX_tracking")
    tenancy = await nats.connect(world.platform.nats_url("tenancy"), inbox_prefix=b"_INBOX_tenancy")
    nudges = await tracking.subscribe("billing.v1.>")
    await tracking.flush()
    event = CompanyCreated(company_id=str(company), plan_code="PRO", revision=1)
    await tenancy.jetstream().publish("tenancy.v1.company.created", event.SerializeToString())
    nudge = await nudges.next_msg(timeout=20)
    assert nudge.headers is not None
    assert nudge.subject == nudge.headers["ce-type"] == "billing.v1.subscription.started"
    assert nudge.headers["ce-source"] == "/tenantry/billing"
    started = events_pb2.SubscriptionStarted.FromString(nudge.data)
    assert started.company_id == str(company)
    request = billing_pb2.ListEntitlementChangesRequest(after_revision=started.revision - 1)
    answer = await rpc_client.call(connect_as("tracking").ListEntitlementChanges, request)
    assert answer.entitlements[0].company_id == str(company)
    assert await history(company) == [("PRO", "TRIAL", True)]
    await tenancy.close()
    await tracking.close()


async def test_the_worker_expires_what_ended_long_ago(engine: AsyncEngine, connect_as: ConnectAs) -> None:
    company = new_id()
    long_ago = datetime.now(UTC) - timedelta(days=45)
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=long_ago)
    portal = connect_as("owner-portal")

    async def shown_as_expired() -> bool:
        request = billing_pb2.ListSubscriptionChangesRequest()
        answer: billing_pb2.ListSubscriptionChangesResponse = await rpc_client.call(
            portal.ListSubscriptionChanges, request
        )
        shown = {each.company_id: each.state for each in answer.subscriptions}
        return shown[str(company)] == billing_pb2.SUBSCRIPTION_STATE_EXPIRED

    await eventually(shown_as_expired)


async def test_grpc_is_served_while_the_bus_is_away(
    service_environment: Callable[..., dict[str, str]], world: World
) -> None:
    address = f"127.0.0.1:{free_port()}"
    nowhere = f"nats://billing:secret@127.0.0.1:{free_port()}"
    environment = service_environment("billing", BILLING_NATS_URL=nowhere, BILLING_RPC_LISTEN=address)
    certificates = world.platform.certificates
    tls = TlsSettings(
        tls_ca=certificates.authority,
        tls_cert=certificates.certificate("owner-portal"),
        tls_key=certificates.key("owner-portal"),
    )
    program = str(Path(sys.executable).with_name("tenantry-billing"))
    process = await asyncio.create_subprocess_exec(program, "serve", env=environment, stderr=subprocess.DEVNULL)
    try:
        channel: grpc.aio.Channel = rpc_client.open_channel(address, tls, server_name="billing")
        async with channel, asyncio.timeout(20):
            await channel.channel_ready()
            answer = await rpc_client.call(BillingServiceStub(channel).ListPlans, billing_pb2.ListPlansRequest())
        assert len(answer.plans) == 3
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
