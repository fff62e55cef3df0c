"""The aggregate feed from NATS into the read model: no number ever goes backwards."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from contracts.tracking.v1.usage_pb2 import CompanyDay, CompanyMonth
from owner_portal.usage.messages import MAX_SECONDS, read_month
from owner_portal.usage.worker import replay
from owner_portal.usage.worker.feed import UsageFeed
from owner_portal.web.live import Live
from servicekit.bus import Bus
from servicekit.database import create_engine
from servicekit.errors import InvalidInput, Unavailable
from servicekit.events import IncomingEvent
from servicekit.ids import new_id
from testkit.waiting import eventually

Day = tuple[int, int, int]  # day of the month, revision, active seconds


def month(company_id: UUID, *days: Day, year: int = 2026, number: int = 5) -> IncomingEvent:
    message = CompanyMonth(
        company_id=str(company_id),
        year=year,
        month=number,
        revision=max((revision for _, revision, _ in days), default=0),
        days=[
            CompanyDay(day=day, revision=revision, active_seconds=seconds, storage_bytes=5, seats_used=1)
            for day, revision, seconds in days
        ],
    )
    subject = f"usage.v1.{company_id}.{year:04}{number:02}"
    return IncomingEvent(subject, "usage", message.SerializeToString(), {})


async def held(engine: AsyncEngine, company_id: UUID) -> Sequence[Any]:
    statement = text("SELECT day, revision, active_seconds FROM company_day WHERE company_id = :id ORDER BY day")
    async with engine.begin() as tx:
        return [tuple(row) for row in await tx.execute(statement, {"id": company_id})]


async def is_confirmed(engine: AsyncEngine) -> bool:
    async with engine.begin() as tx:
        statement = text("SELECT confirmed_at IS NOT NULL FROM source WHERE name = 'usage'")
        confirmed: bool = (await tx.execute(statement)).scalar_one()
        return confirmed


@pytest.fixture(scope="module")
def feed(engine: AsyncEngine) -> UsageFeed:
    return UsageFeed(engine, Bus("nats://nobody@127.0.0.1:1", name="unused"), Live())


@pytest.fixture
async def bus(environment: dict[str, str]) -> AsyncIterator[Bus]:
    """The portal's connection, not yet connected."""
    bus = Bus(environment["PORTAL_NATS_URL"], name="owner-portal")
    yield bus
    await bus.close()


@pytest.fixture
async def tracking(service_environment: Callable[..., dict[str, str]]) -> AsyncIterator[JetStreamContext]:
    """JetStream as tracking, which alone may publish the feed."""
    client = await nats.connect(service_environment("tracking")["TRACKING_NATS_URL"], inbox_prefix=b"_INBOX_tracking")
    yield client.jetstream(prefix="streams")
    await client.close()


async def test_newer_replaces_older_never_the_reverse(engine: AsyncEngine, feed: UsageFeed) -> None:
    company_id = new_id()
    await feed.apply([month(company_id, (1, 4, 400), (2, 5, 500))])
    await feed.apply([month(company_id, (1, 3, 300), (2, 6, 600), (3, 1, 100))])
    newest = [(date(2026, 5, 1), 4, 400), (date(2026, 5, 2), 6, 600), (date(2026, 5, 3), 1, 100)]
    assert await held(engine, company_id) == newest
    await feed.apply([month(company_id, (1, 1, 1)), month(company_id, (2, 6, 999)), month(company_id)])
    assert await held(engine, company_id) == newest


async def test_any_order_and_any_repetition_end_the_same(engine: AsyncEngine, feed: UsageFeed) -> None:
    versions = [(day, revision, day * 1000 + revision) for day in (1, 2, 3) for revision in range(1, 8)]
    expected = [(date(2026, 5, day), 7, day * 1000 + 7) for day in (1, 2, 3)]
    for seed in range(10):
        shuffled = random.Random(seed)
        company_id = new_id()
        messages = [month(company_id, version) for version in versions * 2]
        shuffled.shuffle(messages)
        while messages:
            size = shuffled.randint(1, 6)
            before = {row[0]: row[1] for row in await held(engine, company_id)}
            await feed.apply(messages[:size])
            del messages[:size]
            after = {row[0]: row[1] for row in await held(engine, company_id)}
            assert all(after[day] >= revision for day, revision in before.items())
        assert await held(engine, company_id) == expected


async def test_the_largest_numbers_fit_into_every_sum(engine: AsyncEngine, feed: UsageFeed) -> None:
    today = datetime.now(UTC).date()
    most = month(new_id(), (today.day, 1, MAX_SECONDS), year=today.year, number=today.month)
    await feed.apply([most])
    async with engine.begin() as tx:
        await tx.execute(text("SELECT sum(active_90)::bigint FROM company_usage"))


@pytest.mark.parametrize(
    "event",
    [
        IncomingEvent("usage.v1.x.202605", "", b"\xff\xff", {}),
        IncomingEvent("usage.v1.x.202605", "", b"", {}),
        month(UUID(int=1), (32, 1, 1)),
        month(UUID(int=1), (1, 2**63, 1)),
        month(UUID(int=1), (1, 1, 2**63)),
        month(UUID(int=1), (1, 1, MAX_SECONDS + 1)),
        IncomingEvent(f"usage.v1.{UUID(int=2)}.202605", "", month(UUID(int=1), (1, 1, 1)).payload, {}),
    ],
)
def test_poison_is_named(event: IncomingEvent) -> None:
    with pytest.raises(InvalidInput):
        read_month(event.subject, event.payload)


async def test_consumes_from_nats(engine: AsyncEngine, bus: Bus, tracking: JetStreamContext, run: Any) -> None:
    live = Live()
    feed = UsageFeed(engine, bus, live)
    companies = [new_id() for _ in range(5)]
    await bus.connect()
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE source SET confirmed_at = NULL WHERE name = 'usage'"))
    waiting = month(companies[0], (1, 1, 1))
    await tracking.publish(waiting.subject, waiting.payload)

    async def waits() -> bool:  # a moment after the publisher has its answer
        return bool((await bus.stream.consumer_info("USAGE", "portal")).num_pending)

    await eventually(waits)
    await feed.watch_step()
    assert not await is_confirmed(engine), "what waits in the feed is not known here"
    async with run(feed.consume(), feed.watch()):
        for revision in (1, 2, 3):
            for company_id in companies:
                event = month(company_id, (1, revision, revision))
                await tracking.publish(event.subject, event.payload)
        poison = await tracking.publish(f"usage.v1.{new_id()}.202605", b"poison")

        async def idle(last: int) -> bool:  # what was published is there before the consumer knows that it is pending
            info = await bus.stream.consumer_info("USAGE", "portal")
            return bool(info.delivered.stream_seq >= last and info.num_pending == 0 and info.num_ack_pending == 0)

        await eventually(partial(idle, poison.seq))
        superseded = month(companies[0], (1, 1, 1))
        last = await tracking.publish(superseded.subject, superseded.payload)
        await eventually(partial(idle, last.seq))
        await eventually(partial(is_confirmed, engine))
    for company_id in companies:
        assert await held(engine, company_id) == [(date(2026, 5, 1), 3, 3)]


async def test_an_outage_of_the_database_uses_up_no_delivery(
    environment: dict[str, str], bus: Bus, tracking: JetStreamContext, run: Any
) -> None:
    away = create_engine(environment["PORTAL_DATABASE_URL"] + "_that_is_away", name="owner-portal")
    event = month(new_id(), (1, 1, 1))
    before = (await tracking.publish(event.subject, event.payload)).seq
    with capture_logs() as logs:
        async with run(UsageFeed(away, bus, Live()).consume()):

            async def noticed() -> bool:
                return any(entry["event"] == "step failed" for entry in logs)

            await eventually(noticed)
            info = await bus.stream.consumer_info("USAGE", "portal")
    await away.dispose()
    assert before > info.delivered.stream_seq, "the message waits, and none of its deliveries was used up"


async def test_may_read_nothing_but_the_feed(bus: Bus, tracking: JetStreamContext) -> None:
    await bus.connect()
    event = month(new_id(), (1, 1, 1))
    hurried = bus.client.jetstream(prefix="streams", timeout=0.5)  # the server refuses by silence
    for attempt in (hurried.publish(event.subject, event.payload), hurried.stream_info("TENANCY")):
        with pytest.raises(nats.errors.Error):
            await attempt
    with pytest.raises(NotFoundError):
        await tracking.get_last_msg("USAGE", event.subject)


async def test_a_rebuild_reads_each_subjects_newest_message_without_a_consumer(
    bus: Bus, tracking: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches smaller than the feed; what comes in meanwhile is read when it goes on."""
    monkeypatch.setattr(replay, "BATCH", 2)
    await bus.connect()
    companies = [new_id() for _ in range(5)]
    for revision in (1, 2):
        for company_id in companies:
            event = month(company_id, (1, revision, revision))
            await tracking.publish(event.subject, event.payload)
    async with replay.Replay.open(bus) as feed:
        read = [each async for batch in feed.read() for each in batch]
        assert feed.progress.read == feed.progress.all >= len(companies)
        found = {each.company_id: each for each in read}
        assert [found[company_id].days[0].revision for company_id in companies] == [2] * 5
        assert len(read) == len(found), "the newest of a subject alone"
        late = month(companies[0], (1, 3, 3))
        await tracking.publish(late.subject, late.payload)
        again = [each async for batch in feed.read() for each in batch]
    assert [each.company_id for each in again] == [companies[0]]


async def test_a_rebuild_notices_a_message_that_got_lost(
    bus: Bus, tracking: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.connect()
    for _ in range(3):
        event = month(new_id(), (1, 1, 1))
        await tracking.publish(event.subject, event.payload)
    async with replay.Replay.open(bus) as feed:
        next_msg, taken = feed._answers.next_msg, 0

        async def lossy(**within: float) -> Any:
            nonlocal taken
            taken += 1
            if taken == 2:
                await next_msg(**within)
            return await next_msg(**within)

        monkeypatch.setattr(feed._answers, "next_msg", lossy)
        with pytest.raises(Unavailable, match="a message of the event bus was lost"):
            _ = [batch async for batch in feed.read()]
