"""The process itself: what it does while the bus is away, and how it ends."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import nats
import pytest

from contracts.tenancy.v1 import events_pb2
from contracts.tenancy.v1 import tenancy_pb2 as pb
from contracts.tenancy.v1.tenancy_pb2_grpc import TenancyServiceStub
from servicekit.rpc_client import call, open_channel
from servicekit.settings import TlsSettings
from tenancy.keys.rules.peppers import Pepper
from tenantry_ops.ports import LOOPBACK, free_port
from testkit.world import World, run_command

PROGRAM = Path(sys.executable).with_name("tenantry-tenancy")


class Cable:
    """A TCP connection to the bus that can be plugged in later."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = free_port()
        self._pumps: set[asyncio.Task[None]] = set()

    async def plug_in(self) -> asyncio.Server:
        return await asyncio.start_server(self._connect, LOOPBACK, self.port)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(*self._target)
        await asyncio.gather(_pump(reader, to_writer), _pump(to_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def cable(world: World) -> Cable:
    host, port = world.platform.nats.split(":")
    return Cable(host, int(port))


@pytest.fixture
async def process(world: World, cable: Cable) -> AsyncIterator[asyncio.subprocess.Process]:
    """`tenantry-tenancy serve` whose bus does not answer yet."""
    url = world.platform.nats_url("tenancy").replace(world.platform.nats, f"{LOOPBACK}:{cable.port}")
    environment = world.service_environment("tenancy", TENANCY_NATS_URL=url)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "serve", env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


@pytest.fixture
async def portal(world: World) -> AsyncIterator[TenancyServiceStub]:
    certificates = world.platform.certificates
    tls = TlsSettings(
        tls_ca=certificates.authority,
        tls_cert=certificates.certificate("owner-portal"),
        tls_key=certificates.key("owner-portal"),
    )
    async with open_channel(world.platform.tenancy, tls, server_name="tenancy") as channel:
        await asyncio.wait_for(channel.channel_ready(), 20)
        yield TenancyServiceStub(channel)


async def test_calls_are_answered_while_the_bus_is_away_and_their_events_follow(
    world: World, cable: Cable, process: asyncio.subprocess.Process, portal: TenancyServiceStub
) -> None:
    request = pb.CreateCompanyRequest(
        action=pb.Action(actor="owner@tenantry.example"), name="Acme", email="it@acme.example", plan_code="FREE"
    )
    created = await call(portal.CreateCompany, request)
    assert created.company.time_zone == "UTC"

    operator = await nats.connect(world.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    events = await operator.subscribe("tenancy.v1.>")
    await operator.flush()
    async with await cable.plug_in() as server:
        message = await events.next_msg(timeout=20)
        event = events_pb2.CompanyCreated.FromString(message.data)
        assert (event.company_id, event.plan_code) == (created.company.id, "FREE")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0
        server.close()
    await operator.close()


async def test_it_ends_by_a_signal_while_the_bus_is_away(
    process: asyncio.subprocess.Process, portal: TenancyServiceStub
) -> None:
    await call(portal.ListCompanyChanges, pb.ListCompanyChangesRequest())
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0


def test_the_peppers_that_are_needed_are_told_by_their_ids(world: World) -> None:
    old = "cd" * 16
    environment = world.service_environment("tenancy", TENANCY_OLD_KEY_PEPPERS=old)
    told = run_command("tenancy", "count-keys", environment=environment)
    assert f'"old": {{"{Pepper(bytes.fromhex(old)).id}": 0}}' in told
    assert old not in told


def test_migrating_twice_changes_nothing(world: World) -> None:
    run_command("tenancy", "migrate", environment=world.service_environment("tenancy"))
