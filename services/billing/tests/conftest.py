"""Fixtures: a migrated database for each module, and the service over mutual TLS."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import grpc
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules import Action
from billing.actions.use_cases import Outcome, OwnerRequest
from contracts.billing.v1.billing_pb2_grpc import BillingServiceStub
from idempotency import KeyedRequest
from servicekit import rpc_client
from servicekit.database import create_engine
from servicekit.ids import new_id
from servicekit.settings import TlsSettings
from testkit.world import World

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]
ConnectAs = Callable[[str], BillingServiceStub]
ChannelAs = Callable[[str], grpc.aio.Channel]
Ask = Callable[..., OwnerRequest]


@pytest.fixture(scope="module")
def environment(service_environment: Callable[..., dict[str, str]]) -> dict[str, str]:
    return service_environment("billing")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The database under the role of the service, with least privilege."""
    engine = create_engine(environment["BILLING_DATABASE_URL"], name="billing-tests")
    yield engine
    await engine.dispose()


@pytest.fixture
def history(engine: AsyncEngine) -> History:
    """`await history(company_id)`: (plan, state, is_current) of each row, oldest first."""

    async def read(company_id: UUID) -> list[tuple[str, str, bool]]:
        statement = text("""
            SELECT plan_code, state, superseded_at IS NULL FROM subscription
            WHERE company_id = :company_id ORDER BY revision
        """)
        async with engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(statement, {"company_id": company_id})]

    return read


@pytest.fixture(scope="module")
def billing_address(environment: dict[str, str]) -> Iterator[str]:
    """The address of the service, which runs as in production and must exit with 0."""
    program = Path(sys.executable).with_name("tenantry-billing")
    process = subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.DEVNULL)
    yield environment["BILLING_RPC_LISTEN"]
    process.terminate()
    try:
        assert process.wait(15) == 0
    finally:
        process.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def channel_as(world: World, billing_address: str) -> AsyncIterator[ChannelAs]:
    """`channel_as("tracking")` is a channel with the certificate of that service, to a service that is ready."""
    channels: dict[str, grpc.aio.Channel] = {}

    def channel(name: str) -> grpc.aio.Channel:
        if name not in channels:
            channels[name] = rpc_client.open_channel(billing_address, identity(world, name), server_name="billing")
        return channels[name]

    async with asyncio.timeout(20):
        await channel("operator").channel_ready()
    yield channel
    for each in channels.values():
        await each.close(None)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def connect_as(channel_as: ChannelAs) -> ConnectAs:
    """`connect_as("tracking")` is a stub of BillingService with the certificate of that service."""
    return lambda name: BillingServiceStub(channel_as(name))


def identity(world: World, name: str) -> TlsSettings:
    certificates = world.platform.certificates
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


@pytest.fixture(scope="module")
def ask() -> Ask:
    """`ask()` is an owner's request with an idempotency key of its own; `ask("k")` has that key."""

    def make(key: str = "") -> OwnerRequest:
        return OwnerRequest(
            action=Action("owner@example.com", "asked"),
            keyed=KeyedRequest(key or str(new_id()), bytes(32), lambda _: b""),
            request_id="r-1",
            name="test",
            asked={"what": "this"},
            outcome=lambda _: Outcome(None, {"came": "of it"}),
        )

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(world: World) -> AsyncIterator[AsyncEngine]:
    """A superuser, for what the service may not write."""
    engine = create_engine(world.superuser_dsn("billing"), name="billing-tests-superuser")
    yield engine
    await engine.dispose()
