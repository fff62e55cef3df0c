"""The consumer acknowledges after the commit, repeats failed messages, and drops poison messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo

from libs.servicekit.tests.conftest import Act
from servicekit.bus import Bus
from servicekit.consumer import Check, Consumer
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent
from testkit.waiting import eventually

pytestmark = pytest.mark.usefixtures("clean")
Publish = Callable[..., Awaitable[None]]
Consuming = Callable[..., AbstractAsyncContextManager[None]]
STREAM, DURABLE, SUBJECT = "TENANCY", "billing", "tenancy.v1.company.scratched"


class Handler:
    """Records its events; raises the given errors of a payload, one after another."""

    def __init__(self, **failures: list[Exception]) -> None:
        self.batches: list[list[str]] = []
        self.stored: list[str] = []
        self._failures = failures

    async def __call__(self, events: Sequence[IncomingEvent]) -> None:
        payloads = [event.payload.decode() for event in events]
        self.batches.append(payloads)
        for payload in payloads:
            if self._failures.get(payload):
                raise self._failures[payload].pop(0)
        self.stored += payloads


@pytest.fixture
def publish(streams: JetStreamContext) -> Publish:
    async def publish(*payloads: str) -> None:
        for payload in payloads:
            await streams.publish(SUBJECT, payload.encode(), headers={"ce-type": "scratch"})

    return publish


@pytest.fixture
def settled(streams: JetStreamContext) -> Act:
    """`await settled()` waits until every message was acknowledged or dropped."""

    async def settled() -> None:
        stream = (await streams.stream_info(STREAM)).state

        def is_settled(info: ConsumerInfo) -> bool:
            # New messages are in the stream before the consumer counts them as pending.
            delivered = 0 if info.delivered is None else info.delivered.stream_seq
            heard = not stream.messages or delivered >= stream.last_seq
            return heard and info.num_pending == 0 and info.num_ack_pending == 0

        await eventually(lambda: streams.consumer_info(STREAM, DURABLE), is_settled, timeout=20)

    return settled


async def always() -> None:
    """A dependency that is always ready."""


@pytest.fixture
def consuming(nats_url: str) -> Consuming:
    """`async with consuming(handler):` runs a consumer with its own connection."""

    @asynccontextmanager
    async def consuming(
        handler: Callable[..., Awaitable[None]], ready: Check = always, **more: int
    ) -> AsyncIterator[None]:
        bus = Bus(nats_url, name="consumer-tests")
        await bus.connect()
        task = asyncio.create_task(Consumer(bus, handler, ready=ready, stream=STREAM, durable=DURABLE, **more).run())
        yield
        task.cancel()
        await asyncio.wait([task])
        await bus.close()

    return consuming


async def test_batches_in_order(consuming: Consuming, publish: Publish, settled: Act) -> None:
    handler = Handler()
    await publish("1", "2", "3", "4", "5")
    async with consuming(handler, batch=2):
        await settled()
    assert handler.stored == ["1", "2", "3", "4", "5"]
    assert max(map(len, handler.batches)) == 2


async def test_a_failed_message_is_redelivered_and_the_others_continue(
    consuming: Consuming, publish: Publish, settled: Act
) -> None:
    handler = Handler(bad=[ConnectionError("away"), ConnectionError("still away")])
    await publish("1", "bad", "2")
    async with consuming(handler):
        await settled()
    assert sorted(handler.stored) == ["1", "2", "bad"]


async def test_a_poison_message_is_dropped_without_affecting_others(
    consuming: Consuming, publish: Publish, settled: Act
) -> None:
    handler = Handler(poison=[InvalidInput("unreadable")] * 9)
    await publish("1", "poison", "2")
    async with consuming(handler):
        await settled()
        await publish("3")
        await settled()
    assert handler.stored == ["1", "2", "3"]
    assert sum("poison" in batch for batch in handler.batches) <= 2


async def test_unacknowledged_messages_go_to_the_next_process(
    consuming: Consuming, publish: Publish, streams: JetStreamContext, settled: Act
) -> None:
    async def dies(_events: Sequence[IncomingEvent]) -> None:
        reached.set()
        await asyncio.Event().wait()

    reached = asyncio.Event()
    await publish("1")
    async with consuming(dies):
        await asyncio.wait_for(reached.wait(), 20)
    info = await streams.consumer_info(STREAM, DURABLE)
    assert info.num_ack_pending == 1, "not acknowledged before it was stored"
    await streams.delete_consumer(STREAM, DURABLE)  # its patience of 30 s is the broker's affair
    info.config.deliver_policy = "all"
    await streams.add_consumer(STREAM, info.config)
    handler = Handler()
    async with consuming(handler):
        await settled()
    assert handler.stored == ["1"]


async def test_an_outage_uses_up_no_deliveries(
    consuming: Consuming, publish: Publish, streams: JetStreamContext, settled: Act
) -> None:
    asked, back = asyncio.Event(), asyncio.Event()

    async def ready() -> None:
        if not back.is_set():
            asked.set()
            raise ConnectionError("the database is away")

    handler = Handler()
    await publish("1")
    async with consuming(handler, ready):
        await asyncio.wait_for(asked.wait(), 20)
        info = await streams.consumer_info(STREAM, DURABLE)
        assert (info.num_pending, info.num_ack_pending) == (1, 0)
        back.set()
        await settled()
    assert handler.batches == [["1"]]


async def test_an_empty_stream_is_not_an_error(consuming: Consuming, publish: Publish, settled: Act) -> None:
    handler = Handler()
    async with consuming(handler):
        await asyncio.sleep(0)
        await publish("late")
        await settled()
    assert handler.stored == ["late"]
