"""A scratch database with an outbox, a broker, and certificates; no service is involved."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import nats
import psycopg
import pytest
from nats.js import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit import outbox
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.events import OutgoingEvent
from servicekit.relay import Relay
from servicekit.settings import TlsSettings
from tenantry_ops.certificates import Certificates
from tenantry_ops.secrets import Secrets
from testkit.engines import AnyNats, AnyPostgres

Append = Callable[..., Awaitable[None]]
NewRelay = Callable[..., Relay]
Payloads = Callable[[], Awaitable[list[str]]]
Act = Callable[[], Awaitable[None]]
Identity = Callable[[str], TlsSettings]
PLAIN, COMPACTED = "TENANCY", "USAGE"  # two of the platform's streams; what their subjects mean does not matter here


@pytest.fixture(scope="module")
async def engine(postgres_engine: AnyPostgres) -> AsyncIterator[AsyncEngine]:
    """A database with an outbox and nothing else."""
    with psycopg.connect(postgres_engine.dsn(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS servicekit WITH (FORCE)")
        connection.execute("CREATE DATABASE servicekit")
    with psycopg.connect(postgres_engine.dsn("servicekit")) as connection:
        connection.execute(outbox.TABLE)
    engine = create_engine(postgres_engine.dsn("servicekit"), name="servicekit-tests")
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
def nats_url(nats_engine: AnyNats, provisioned: Secrets) -> str:
    return nats_engine.url("operator", provisioned.nats["operator"])


@pytest.fixture(scope="module")
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = Bus(nats_url, name="servicekit-tests")
    await bus.connect()
    yield bus
    await bus.close()


@pytest.fixture(scope="module")
async def streams(nats_url: str) -> AsyncIterator[JetStreamContext]:
    """A second connection, for inspection and interference."""
    client = await nats.connect(nats_url, inbox_prefix=b"_INBOX_operator", max_reconnect_attempts=-1)
    yield client.jetstream()
    await client.close()


@pytest.fixture
async def clean(engine: AsyncEngine, streams: JetStreamContext) -> None:
    """Empties the outbox and the streams."""
    async with engine.begin() as tx:
        await tx.execute(text("DELETE FROM outbox"))
    for stream in (PLAIN, COMPACTED):
        await streams.purge_stream(stream)


@pytest.fixture
def new_relay(engine: AsyncEngine, bus: Bus) -> NewRelay:
    """`new_relay(stream)`."""
    return lambda stream=PLAIN, **more: Relay(engine, more.pop("bus", bus), source="tests", stream=stream, **more)


@pytest.fixture
def append(engine: AsyncEngine) -> Append:
    """`await append("tenancy.v1.x")`, or `await append("usage.v1.x", revision=3)`."""

    async def append(subject: str, *, payload: bytes = b"", revision: int | None = None) -> None:
        async with engine.begin() as tx:
            await outbox.append(tx, OutgoingEvent(subject, "scratch", payload or str(revision).encode(), revision))

    return append


@pytest.fixture
def waiting(engine: AsyncEngine) -> Payloads:
    """`await waiting()`: payloads in the outbox, claimed or not."""

    async def read() -> list[str]:
        async with engine.connect() as connection:
            payloads = await connection.execute(text("SELECT payload FROM outbox ORDER BY payload"))
            return [bytes(payload).decode() for payload in payloads.scalars()]

    return read


@pytest.fixture
def expire_leases(engine: AsyncEngine) -> Act:
    """`await expire_leases()` makes all leases expire."""

    async def expire() -> None:
        async with engine.begin() as tx:
            statement = text("UPDATE outbox SET claimed_until = now() - CAST(:second AS interval)")
            await tx.execute(statement, {"second": timedelta(seconds=1)})

    return expire


@pytest.fixture
def identity(certificates: Certificates) -> Identity:
    """`identity("tracking")` is the certificate of that service."""

    def of(name: str) -> TlsSettings:
        return TlsSettings(
            tls_ca=certificates.authority, tls_cert=certificates.certificate(name), tls_key=certificates.key(name)
        )

    return of
