"""The outbox and its relay: nothing is lost and no older version wins, regardless of failures."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.servicekit.tests.conftest import Act, Append, NewRelay, Payloads
from servicekit import outbox
from servicekit.bus import Bus
from servicekit.events import REVISION_HEADER, OutgoingEvent
from servicekit.relay import Relay
from testkit.waiting import eventually

pytestmark = pytest.mark.usefixtures("clean")
SUBJECT = "usage.v1.scratch.202601"
LEASE = timedelta(seconds=30)
Stored = Callable[[], Awaitable[tuple[str, int | None] | None]]


@pytest.fixture
def there(streams: JetStreamContext) -> Stored:
    """`await there()` returns payload and sequence of the compacted subject's message; None if it has none."""

    async def read() -> tuple[str, int | None] | None:
        try:
            message = await streams.get_last_msg("USAGE", SUBJECT)
        except NotFoundError:
            return None
        return (message.data or b"").decode(), message.seq

    return read


@pytest.fixture
def nothing_waits(waiting: Payloads) -> Act:
    """`await nothing_waits()` waits until everything is published."""

    async def wait() -> None:
        await eventually(waiting, lambda left: not left, timeout=20)

    return wait


async def test_committed_events_are_published_and_deleted(
    append: Append, new_relay: NewRelay, waiting: Payloads, streams: JetStreamContext
) -> None:
    await append("tenancy.v1.scratch", payload=b"hello")
    relay = new_relay()
    assert await relay.publish_waiting()
    assert not await relay.publish_waiting()
    assert await waiting() == []
    message = await streams.get_last_msg("TENANCY", "tenancy.v1.scratch")
    assert message.data == b"hello"
    headers = message.headers or {}
    assert (headers["ce-type"], headers["ce-source"], headers["ce-specversion"]) == (
        "scratch",
        "/tenantry/tests",
        "1.0",
    )
    assert headers["Nats-Msg-Id"] == headers["ce-id"]


async def test_rolled_back_events_are_not_published(
    engine: AsyncEngine, new_relay: NewRelay, waiting: Payloads
) -> None:
    event = OutgoingEvent("tenancy.v1.scratch", "scratch", b"never")
    async with engine.connect() as connection:
        await outbox.append(connection, event)
        await connection.rollback()
    assert not await new_relay().publish_waiting()
    assert await waiting() == []


async def test_an_event_that_commits_late_is_not_overlooked(
    engine: AsyncEngine, append: Append, new_relay: NewRelay, waiting: Payloads
) -> None:
    relay = new_relay()
    async with engine.begin() as late:
        await outbox.append(late, OutgoingEvent("tenancy.v1.late", "scratch", b"late"))
        await append("tenancy.v1.early", payload=b"early")
        assert await relay.publish_waiting()
    assert await waiting() == ["late"]
    assert await relay.publish_waiting()
    assert await waiting() == []


async def test_without_a_broker_events_wait(append: Append, new_relay: NewRelay, waiting: Payloads) -> None:
    await append("tenancy.v1.scratch", payload=b"patience")
    away = Bus("nats://operator:x@127.0.0.1:9", name="away")
    assert not await new_relay(bus=away).publish_waiting()
    assert await waiting() == ["patience"]


async def test_an_event_that_the_broker_refuses_does_not_block_others(
    append: Append, new_relay: NewRelay, waiting: Payloads, streams: JetStreamContext
) -> None:
    await append("nobody.keeps.this", payload=b"refused")
    for number in range(5):
        await append("tenancy.v1.scratch", payload=str(number).encode())
    relay = new_relay()
    assert await relay.publish_waiting()
    assert await waiting() == ["refused"]
    assert (await streams.stream_info("TENANCY")).state.messages == 5
    assert not await relay.publish_waiting(), "it pauses before it tries again"


async def test_events_of_a_dead_relay_are_claimed_again(
    engine: AsyncEngine, append: Append, new_relay: NewRelay, waiting: Payloads, expire_leases: Act
) -> None:
    await append("tenancy.v1.scratch", payload=b"orphan")
    async with engine.begin() as tx:
        assert len(await outbox.claim(tx, limit=10, lease=LEASE)) == 1
    assert not await new_relay().publish_waiting(), "somebody else has it"
    await expire_leases()
    assert await new_relay().publish_waiting()
    assert await waiting() == []


async def test_several_relays_publish_each_event_once(
    append: Append, new_relay: NewRelay, waiting: Payloads, streams: JetStreamContext
) -> None:
    for number in range(60):
        await append("tenancy.v1.scratch", payload=str(number).encode())
    relays = [new_relay(batch=7) for _ in range(4)]

    async def run(relay: Relay) -> None:
        while await relay.publish_waiting():
            pass

    await asyncio.gather(*map(run, relays))
    assert await waiting() == []
    assert (await streams.stream_info("TENANCY")).state.messages == 60


async def test_a_lost_acknowledgement_of_an_event(
    append: Append, new_relay: NewRelay, streams: JetStreamContext, engine: AsyncEngine, expire_leases: Act
) -> None:
    await append("tenancy.v1.scratch", payload=b"once")
    async with engine.begin() as tx:
        (event,) = await outbox.claim(tx, limit=1, lease=LEASE)
    await streams.publish(event.subject, event.payload, headers={"Nats-Msg-Id": str(event.id)})
    await expire_leases()
    assert await new_relay().publish_waiting()
    assert (await streams.stream_info("TENANCY")).state.messages == 1


async def test_a_lost_acknowledgement_of_a_version(
    append: Append, new_relay: NewRelay, streams: JetStreamContext, there: Stored, waiting: Payloads
) -> None:
    relay = new_relay("USAGE")
    for revision in (1, 2):
        await append(SUBJECT, revision=revision)
        if revision == 1:
            await relay.publish_waiting()
    landed = await streams.publish(SUBJECT, b"2", headers={REVISION_HEADER: "2"})  # its answer never came
    assert await relay.publish_waiting()
    assert await there() == ("2", landed.seq)
    assert await waiting() == []


@pytest.mark.parametrize("same", [True, False], ids=["the same relay", "another relay"])
async def test_an_older_version_never_wins(
    append: Append, new_relay: NewRelay, there: Stored, waiting: Payloads, same: bool
) -> None:
    relay = new_relay("USAGE")
    await append(SUBJECT, revision=5)
    await relay.publish_waiting()
    before = await there()
    for revision in (4, 5):
        await append(SUBJECT, revision=revision)
        await (relay if same else new_relay("USAGE")).publish_waiting()
        assert await there() == before
        assert await waiting() == []


async def test_an_event_replaced_during_publication_is_kept(
    engine: AsyncEngine, append: Append, new_relay: NewRelay, there: Stored, waiting: Payloads
) -> None:
    await append(SUBJECT, revision=1)
    async with engine.begin() as tx:
        (claimed,) = await outbox.claim(tx, limit=1, lease=LEASE)
    await append(SUBJECT, revision=2)
    async with engine.begin() as tx:
        await outbox.delete(tx, [claimed.id])
    assert await waiting() == ["2"]
    assert await new_relay("USAGE").publish_waiting()
    assert (await there() or ("", 0))[0] == "2"


async def test_only_the_newest_version_waits(append: Append, waiting: Payloads) -> None:
    for revision in (3, 1, 4, 2):
        await append(SUBJECT, revision=revision)
    assert await waiting() == ["4"]


async def test_a_stream_that_lost_everything(
    append: Append, new_relay: NewRelay, streams: JetStreamContext, there: Stored
) -> None:
    relay = new_relay("USAGE")
    await append(SUBJECT, revision=9)
    await relay.publish_waiting()
    await streams.purge_stream("USAGE")
    await append(SUBJECT, revision=9)
    await relay.publish_waiting()
    assert (await there() or ("", 0))[0] == "9"


async def test_the_relay_continues_after_a_database_outage(
    engine: AsyncEngine, append: Append, new_relay: NewRelay, nothing_waits: Act
) -> None:
    running = asyncio.create_task(new_relay().run())
    async with engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'servicekit'"
        await connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
    await append("tenancy.v1.scratch", payload=b"after")
    await nothing_waits()
    running.cancel()
    await asyncio.wait([running])


LEFT = """
INSERT INTO outbox (id, subject, event_type, payload) VALUES (gen_random_uuid(), 'tenancy.v1.scratch', 'scratch', 'x')
"""


async def test_appended_events_are_published_at_once(
    append: Append, new_relay: NewRelay, nothing_waits: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servicekit.relay.POLL_INTERVAL_SECONDS", 3600.0)
    running = asyncio.create_task(new_relay().run())
    for number in range(3):
        await append("tenancy.v1.scratch", payload=str(number).encode())
        await nothing_waits()
    running.cancel()


async def test_events_without_a_notification_are_published(
    append: Append, new_relay: NewRelay, nothing_waits: Act, engine: AsyncEngine
) -> None:
    await append("tenancy.v1.scratch", payload=b"hello")
    running = asyncio.create_task(new_relay().run())
    await nothing_waits()
    async with engine.begin() as tx:  # as an event whose lease is over
        await tx.execute(text(LEFT))
    await nothing_waits()
    running.cancel()
