"""Events of tenancy from a real JetStream: repeated, reordered, invalid, and with a failing handler."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import nats
import psycopg
import pytest
import pytest_asyncio
from nats.js import JetStreamContext
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from billing.subscriptions.store import company_events
from billing.subscriptions.worker import DURABLE, STREAM, CompanyEvents
from contracts.tenancy.v1.events_pb2 import (
    CompanyClosed,
    CompanyCreated,
    CompanyKeyRotated,
    CompanyReactivated,
    CompanySuspended,
)
from servicekit.bus import Bus
from servicekit.consumer import Consumer, Handler
from servicekit.database import ping
from servicekit.events import IncomingEvent
from servicekit.ids import new_id
from testkit.engines import AnyPostgres
from testkit.waiting import eventually
from testkit.world import World

History = Callable[[UUID], Awaitable[list[tuple[str, str, bool]]]]


class Feed:
    """The stream of tenancy, in which messages wait for a consumer."""

    def __init__(self, operator: JetStreamContext, billing_url: str) -> None:
        self._operator = operator
        self._billing_url = billing_url

    async def publish(self, verb: str, payload: bytes) -> None:
        await self._operator.publish(f"tenancy.v1.company.{verb}", payload)

    async def created(self, company: UUID, plan_code: str = "PRO") -> None:
        event = CompanyCreated(company_id=str(company), plan_code=plan_code, revision=1)
        await self.publish("created", event.SerializeToString())

    async def reactivated(self, company: UUID, revision: int) -> None:
        event = CompanyReactivated(company_id=str(company), revision=revision)
        await self.publish("reactivated", event.SerializeToString())

    async def closed(self, company: UUID, announced: datetime) -> None:
        event = CompanyClosed(company_id=str(company), revision=5)
        headers = {"ce-time": announced.isoformat()}
        await self._operator.publish("tenancy.v1.company.closed", event.SerializeToString(), headers=headers)

    async def consume(self, handler: Handler, engine: AsyncEngine) -> None:
        """Returns when every message was acknowledged or dropped."""
        bus = Bus(self._billing_url, name="billing")
        await bus.connect()
        consumer = Consumer(bus, handler, ready=partial(ping, engine), stream=STREAM, durable=DURABLE)
        task = asyncio.create_task(consumer.run())
        try:
            await eventually(self._settled)
        finally:
            task.cancel()
            await asyncio.wait([task])
            await bus.close()

    async def _settled(self) -> bool:
        stream = (await self._operator.stream_info(STREAM)).state
        info = await self._operator.consumer_info(STREAM, DURABLE)
        # A published message is in the stream before the consumer counts it as pending.
        delivered = 0 if info.delivered is None else info.delivered.stream_seq
        heard = not stream.messages or delivered >= stream.last_seq
        return heard and info.num_pending == 0 and info.num_ack_pending == 0


@pytest_asyncio.fixture(loop_scope="session")
async def feed(world: World, environment: dict[str, str]) -> AsyncIterator[Feed]:
    client = await nats.connect(world.platform.nats_url("operator"), inbox_prefix=b"_INBOX_operator")
    yield Feed(client.jetstream(), environment["BILLING_NATS_URL"])
    await client.close()


async def test_repeated_and_reordered_events(engine: AsyncEngine, feed: Feed, history: History) -> None:
    usual, early, unknown = new_id(), new_id(), new_id()
    for _ in range(3):
        await feed.created(usual)
        await feed.publish("suspended", CompanySuspended(company_id=str(usual), revision=2).SerializeToString())
        await feed.publish("key_rotated", CompanyKeyRotated(company_id=str(usual), revision=3).SerializeToString())
        await feed.reactivated(early, 3)
        await feed.created(early, "ENTERPRISE")
        await feed.created(unknown, "NO SUCH PLAN")
    await feed.consume(CompanyEvents(engine).handle, engine)
    assert await history(usual) == [("PRO", "TRIAL", True)]
    assert await history(early) == [("ENTERPRISE", "TRIAL", True)]
    assert await history(unknown) == [("FREE", "TRIAL", True)]


async def test_a_reactivation_extends_once_however_often_it_comes(
    engine: AsyncEngine, feed: Feed, history: History
) -> None:
    company = new_id()
    await feed.created(company)
    await feed.consume(CompanyEvents(engine).handle, engine)
    for _ in range(3):
        await feed.reactivated(company, 4)
    await feed.reactivated(company, 3)
    await feed.consume(CompanyEvents(engine).handle, engine)
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "TRIAL", True)]


async def test_a_closed_company_is_cancelled_once(engine: AsyncEngine, feed: Feed, history: History) -> None:
    company, unknown = new_id(), new_id()
    await feed.created(company)
    for closed in (company, unknown, company):
        event = CompanyClosed(company_id=str(closed), revision=5)
        await feed.publish("closed", event.SerializeToString())
    await feed.consume(CompanyEvents(engine).handle, engine)
    assert await history(company) == [("PRO", "TRIAL", False), ("PRO", "CANCELLED", True)]
    assert await history(unknown) == []


async def test_closing_in_any_order_and_long_ago(engine: AsyncEngine, feed: Feed, history: History) -> None:
    """It is valid from the moment of its event; older events that arrive later change nothing."""
    late, early = new_id(), new_id()
    await feed.created(late)
    await feed.consume(CompanyEvents(engine).handle, engine)
    announced = datetime.now(UTC)
    await feed.closed(late, announced)
    await feed.reactivated(late, 4)
    await feed.closed(early, announced)
    await feed.created(early)
    await feed.consume(CompanyEvents(engine).handle, engine)
    assert await history(late) == [("PRO", "TRIAL", False), ("PRO", "CANCELLED", True)]
    assert await history(early) == []
    async with engine.connect() as connection:
        assert await company_events.closings_of(connection, [late, early]) == {late: announced, early: announced}


async def test_unreadable_messages_do_not_block_others(engine: AsyncEngine, feed: Feed, history: History) -> None:
    company = new_id()
    await feed.publish("created", b"\xff\xff\xff")
    await feed.publish("created", CompanyCreated(company_id="not an id", plan_code="PRO").SerializeToString())
    await feed.reactivated(company, 2**64 - 1)
    await feed.created(company)
    await feed.consume(CompanyEvents(engine).handle, engine)
    assert await history(company) == [("PRO", "TRIAL", True)]


@pytest.mark.parametrize("stored", [False, True])
async def test_a_handler_that_fails_gets_the_message_again(
    engine: AsyncEngine, feed: Feed, history: History, stored: bool
) -> None:
    company = new_id()
    handle = CompanyEvents(engine).handle
    calls = 0

    async def fails_first(events: Sequence[IncomingEvent]) -> None:
        nonlocal calls
        calls += 1
        if stored or calls > 1:
            await handle(events)
        if calls == 1:
            raise ConnectionError("lost before the acknowledgement")

    await feed.created(company, "FREE")
    await feed.consume(fails_first, engine)
    assert calls == 2
    assert await history(company) == [("FREE", "TRIAL", True)]


async def test_an_outage_of_the_database_uses_up_no_delivery(
    engine: AsyncEngine, postgres_engine: AnyPostgres, feed: Feed, history: History
) -> None:
    handle = CompanyEvents(engine).handle
    calls = 0

    async def counted(events: Sequence[IncomingEvent]) -> None:
        nonlocal calls
        calls += 1
        await handle(events)

    async with await psycopg.AsyncConnection.connect(postgres_engine.dsn(), autocommit=True) as superuser:
        database = sql.Identifier(str(engine.url.database))
        await superuser.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [engine.url.database]
        )
        company = new_id()
        await feed.created(company)
        with capture_logs() as logs:
            consuming = asyncio.create_task(feed.consume(counted, engine))
            await eventually(lambda: any("step failed" in str(entry) for entry in logs))
        await superuser.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))
        await consuming
    assert calls == 1
    assert await history(company) == [("PRO", "TRIAL", True)]
