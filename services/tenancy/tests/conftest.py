"""Fixtures: a database for each test module, and the server over mutual TLS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import grpc
import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub, add_TenancyServiceServicer_to_server
from servicekit import rpc_server
from servicekit.database import create_engine
from servicekit.rpc_client import open_channel
from servicekit.settings import TlsSettings
from tenancy.actions.rules import Action
from tenancy.actions.use_cases import OwnerRequest
from tenancy.callers import CALLERS
from tenancy.companies.rules.company import Company
from tenancy.companies.rules.details import CompanyDetails
from tenancy.events.messages import encode
from tenancy.keys.rules.peppers import Peppers
from tenancy.lifecycle.use_cases import create_company
from tenancy.servicer import TenancyServicer
from tenantry_ops.certificates import Certificates

# The duration of an example depends on the machine.
hypothesis.settings.register_profile("tenancy", deadline=None)
hypothesis.settings.load_profile("tenancy")

PEPPERS = Peppers.of(bytes(range(32)))
OWNER = OwnerRequest(Action("owner@tenantry.example", "because"))

Stub = Callable[[str], TenancyServiceStub]
Create = Callable[[str], Awaitable[tuple[Company, str]]]


def identity(certificates: Certificates, name: str) -> TlsSettings:
    """The certificate of the service called `name`."""
    return TlsSettings(
        tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
    )


@pytest.fixture(scope="module")
def environment(service_environment: Callable[..., dict[str, str]]) -> dict[str, str]:
    return service_environment("tenancy")


@pytest.fixture(scope="module")
async def engine(environment: dict[str, str]) -> AsyncIterator[AsyncEngine]:
    """The database under the role of the service."""
    engine = create_engine(environment["TENANCY_DATABASE_URL"], name="tenancy")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
def create(engine: AsyncEngine) -> Create:
    """`await create("Acme")` is a new company and the text of its key."""

    async def create(name: str) -> tuple[Company, str]:
        details = CompanyDetails.checked(
            name=name, email="it@acme.example", contact_person="", phone="", address="", time_zone="Europe/Berlin"
        )
        issued = await create_company(
            engine, peppers=PEPPERS, encode=encode, request=OWNER, details=details, plan_code="PRO"
        )
        return issued.company, issued.key.text(PEPPERS)

    return create


@pytest.fixture(scope="module")
async def server(engine: AsyncEngine, environment: dict[str, str], certificates: Certificates) -> AsyncIterator[str]:
    """The address of a running server."""
    servicer = TenancyServicer(engine, peppers=PEPPERS, encode=encode)
    address = environment["TENANCY_RPC_LISTEN"]

    def add_services(server: grpc.aio.Server) -> None:
        add_TenancyServiceServicer_to_server(servicer, server)

    tls = identity(certificates, "tenancy")
    serving = asyncio.create_task(rpc_server.serve(address, tls, CALLERS, add_services))
    async with open_channel(address, tls, server_name="tenancy") as channel:
        await asyncio.wait_for(channel.channel_ready(), 20)
    yield address
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture(scope="module")
async def stub(server: str, certificates: Certificates) -> AsyncIterator[Stub]:
    """`stub("owner-portal")` calls the server with the certificate of that service."""
    channels: dict[str, grpc.aio.Channel] = {}

    def connect(name: str) -> TenancyServiceStub:
        if name not in channels:
            channels[name] = open_channel(server, identity(certificates, name), server_name="tenancy")
        return TenancyServiceStub(channels[name])

    yield connect
    for channel in channels.values():
        await channel.close(None)


@pytest.fixture
def portal(stub: Stub) -> TenancyServiceStub:
    return stub("owner-portal")
