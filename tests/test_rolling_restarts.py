"""Each service is replaced under load, one process after the other: no call fails. RESTARTS=20 makes twenty rounds."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from contracts.billing.v1 import billing_pb2, billing_pb2_grpc
from contracts.tenancy.v1 import keys_pb2, tenancy_pb2_grpc
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tests.platform.company import Found
from tests.platform.desktops import account, at_work, session
from tests.platform.owner import Owner
from tests.platform.replicas import IsReady, Replicas, replicas
from tests.platform.running import Running
from tracker_client import TrackerClient, Window

ROUNDS = int(os.environ.get("RESTARTS", "1"))
CALLERS = 4
PAUSE_SECONDS = 0.02

Call = Callable[[], Awaitable[object]]


@asynccontextmanager
async def load(*calls: Call) -> AsyncIterator[list[float]]:
    """Repeats each call until the block ends, which fails if one of them did; yields the duration of each call."""
    took: list[float] = []
    ended = asyncio.Event()

    async def repeat(one: Call) -> None:
        while not ended.is_set():
            began = time.monotonic()
            await one()
            took.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE_SECONDS)

    repeating = [asyncio.create_task(repeat(one)) for one in calls]
    yield took
    ended.set()
    await asyncio.gather(*repeating)


async def replaced(found: Replicas, *calls: Call) -> None:
    async with load(*calls) as took:
        for _ in range(ROUNDS):
            before = len(took)
            await found.replace()
            assert len(took) > before + 20, "there was hardly any load"


def identity(running: Running, name: str) -> TlsSettings:
    certificates = running.platform.certificates
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


def portals_channel(running: Running, found: Replicas, service: str, idempotent: list[str]) -> grpc.aio.Channel:
    """The portal's way to the service. Like the portal's own, it repeats what has no second effect."""
    tls = identity(running, "owner-portal")
    return open_channel(found.address, tls, server_name=service, idempotent=idempotent)


def ready_over_grpc(running: Running, service: str) -> IsReady:
    """Asks the health service."""

    async def ready(address: str) -> bool:
        async with open_channel(address, identity(running, "operator"), server_name=service) as channel:
            try:
                answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
            except grpc.aio.AioRpcError:
                return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return ready


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_the_gateway(running: Running, found_company: Found) -> None:
    company = await found_company("Selfheal", people=1)
    desktop = await at_work(company, company.people[0], hours=1)
    numbers = count()
    environment = running.environment_of("gateway")
    async with (
        replicas(("tenantry-tracking", "gateway"), environment, listen="TRACKING_GATEWAY_LISTEN") as found,
        httpx.AsyncClient() as kept,
    ):
        each_its_own = TrackerClient(f"http://{found.address}/api", company.key)
        one_for_all = TrackerClient(f"http://{found.address}/api", company.key, http=kept)

        async def upload(client: TrackerClient) -> None:
            desktop.tick(1, window=Window("Editor", f"page {next(numbers)}"))
            rows = desktop.tables.snapshot()
            desktop.tables.clear()
            reply = await client.upload_activity(account(desktop), session(desktop), rows)
            assert reply.code == 200, reply

        await replaced(found, *[lambda: upload(each_its_own)] * CALLERS, lambda: upload(one_for_all))


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_the_workspace(running: Running, found_company: Found) -> None:
    company = await found_company("Eyebright", people=1)
    environment = running.environment_of("workspace")
    cookies = company.workspace.cookies
    async with (
        replicas(("tenantry-tracking", "workspace"), environment, listen="TRACKING_WORKSPACE_LISTEN") as found,
        httpx.AsyncClient(base_url=f"http://{found.address}", cookies=cookies) as http,
    ):

        async def look() -> None:
            assert (await http.get("/team")).status_code == 200

        await replaced(found, *[look] * CALLERS)


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_the_portal(running: Running, owner: Owner) -> None:
    environment = running.environment_of("portal")
    headers, cookies = {"accept": "application/json"}, owner.http.cookies
    async with (
        replicas(("tenantry-owner-portal", "serve"), environment, listen="PORTAL_LISTEN") as found,
        httpx.AsyncClient(base_url=f"http://{found.address}", cookies=cookies, headers=headers) as http,
    ):

        async def look() -> None:
            assert (await http.get("/owner/dashboard/")).status_code == 200

        await replaced(found, *[look] * CALLERS)


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_tenancy(running: Running, found_company: Found) -> None:
    company = await found_company("Motherwort")
    ready = ready_over_grpc(running, "tenancy")
    environment = running.environment_of("tenancy")
    idempotent = ["contracts.tenancy.v1.TenancyService/ListKeys"]
    async with (
        replicas(("tenantry-tenancy", "serve"), environment, listen="TENANCY_RPC_LISTEN", ready=ready) as found,
        portals_channel(running, found, "tenancy", idempotent) as channel,
    ):
        tenancy = tenancy_pb2_grpc.TenancyServiceStub(channel)

        async def ask() -> None:
            keys = await call(tenancy.ListKeys, keys_pb2.ListKeysRequest(company_id=company.id))
            assert len(keys.keys) == 1

        await replaced(found, *[ask] * CALLERS)


@pytest.mark.timeout(120 + 60 * ROUNDS)
async def test_billing(running: Running) -> None:
    ready = ready_over_grpc(running, "billing")
    environment = running.environment_of("billing")
    idempotent = ["contracts.billing.v1.BillingService/ListPlans"]
    async with (
        replicas(("tenantry-billing", "serve"), environment, listen="BILLING_RPC_LISTEN", ready=ready) as found,
        portals_channel(running, found, "billing", idempotent) as channel,
    ):
        billing = billing_pb2_grpc.BillingServiceStub(channel)

        async def ask() -> None:
            plans = await call(billing.ListPlans, billing_pb2.ListPlansRequest())
            assert len(plans.plans) >= 3

        await replaced(found, *[ask] * CALLERS)
