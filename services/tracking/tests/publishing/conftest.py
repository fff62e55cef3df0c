"""The aggregate feed on a broker of the module's own, with tracking's rights."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1.usage_pb2 import CompanyMonth
from servicekit import outbox
from servicekit.bus import Bus
from servicekit.events import OutgoingEvent
from servicekit.relay import Relay
from tenantry_ops.secrets import Secrets
from testkit.engines import AnyNats
from tracking.db.store.scope import company_scope
from tracking.publishing.messages import STREAM


@pytest.fixture(scope="module")
async def bus(nats_engine: AnyNats, provisioned: Secrets) -> AsyncIterator[Bus]:
    bus = Bus(nats_engine.url("tracking", provisioned.nats["tracking"]), name="tracking-tests")
    await bus.connect()
    yield bus
    await bus.close()


@pytest.fixture
async def stream(nats_engine: AnyNats, provisioned: Secrets) -> AsyncIterator[JetStreamContext]:
    """The operator's view of the broker."""
    url = nats_engine.url("operator", provisioned.nats["operator"])
    client = await nats.connect(url, inbox_prefix=b"_INBOX_operator", max_reconnect_attempts=-1)
    yield client.jetstream()
    await client.close()


@pytest.fixture
def new_relay(dispatch: AsyncEngine, bus: Bus) -> Callable[[], Relay]:
    """`new_relay()` knows nothing of what others have published."""
    return lambda: Relay(dispatch, bus, source="tracking", stream=STREAM)


@pytest.fixture
def relay(new_relay: Callable[[], Relay]) -> Relay:
    return new_relay()


@pytest.fixture
def publish(relay: Relay) -> Callable[..., Awaitable[None]]:
    """`await publish()`: all that waits; another relay may do it."""

    async def publish(relay: Relay = relay) -> None:
        while await relay.publish_waiting():
            pass

    return publish


@pytest.fixture
def append(engine: AsyncEngine) -> Callable[[UUID, int], Awaitable[None]]:
    """`await append(company_id, revision)`: a version of its January waits to be published."""

    async def append(company_id: UUID, revision: int) -> None:
        month = CompanyMonth(company_id=str(company_id), year=2026, month=1, revision=revision)
        event = OutgoingEvent(f"usage.v1.{company_id}.202601", "test", month.SerializeToString(), revision)
        async with company_scope(engine, company_id) as tx:
            await outbox.append(tx, event)

    return append


@pytest.fixture
def there(stream: JetStreamContext) -> Callable[[UUID], Awaitable[dict[str, Any]]]:
    """`await there(company_id)`: its months in the stream, by subject."""

    async def read(company_id: UUID) -> dict[str, CompanyMonth]:
        info = await stream.stream_info(STREAM, subjects_filter=f"usage.v1.{company_id}.>")
        found = {}
        for subject in info.state.subjects or {}:
            message = await stream.get_last_msg(STREAM, subject)
            found[subject] = CompanyMonth.FromString(message.data or b"")
        return found

    return read


@pytest.fixture
def newest(stream: JetStreamContext) -> Callable[[UUID], Awaitable[tuple[int, int]]]:
    """`await newest(company_id)`: sequence and revision of its January in the stream; zeros when it has none."""

    async def read(company_id: UUID) -> tuple[int, int]:
        try:
            message = await stream.get_last_msg(STREAM, f"usage.v1.{company_id}.202601")
        except NotFoundError:
            return 0, 0
        return message.seq or 0, CompanyMonth.FromString(message.data or b"").revision

    return read


@pytest.fixture
def stored_outbox(superuser: AsyncEngine) -> Callable[[UUID], Awaitable[list[int]]]:
    """`await stored_outbox(company_id)`: the revisions that wait there."""

    async def read(company_id: UUID) -> list[int]:
        async with superuser.connect() as connection:
            statement = text("SELECT revision FROM outbox WHERE company_id = :id ORDER BY revision")
            return list((await connection.execute(statement, {"id": company_id})).scalars())

    return read
