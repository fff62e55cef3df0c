"""The newest version of a month wins, in whatever order versions reach the broker and whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from nats.js import JetStreamContext

from servicekit.bus import Bus
from servicekit.relay import Relay
from services.tracking.tests.fixtures.platform import NewTenant
from tenantry_ops.engines import NatsEngine
from testkit.engines import AnyNats
from testkit.waiting import eventually


@pytest.fixture
async def company(new_tenant: NewTenant, publish: Callable[..., Awaitable[None]]) -> UUID:
    """A company whose own events are published already."""
    tenant = await new_tenant(people=0)
    await publish()
    return tenant.company_id


async def test_a_newer_version_replaces_an_older_one(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    stream: JetStreamContext,
) -> None:
    for revision in (1, 2, 7):
        await append(company, revision)
        await publish()
    _sequence, revision = await newest(company)
    assert revision == 7
    info = await stream.stream_info("USAGE", subjects_filter=f"usage.v1.{company}.>")
    assert info.state.subjects == {f"usage.v1.{company}.202601": 1}


async def test_what_waits_is_replaced_too(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    stored_outbox: Callable[[UUID], Awaitable[list[int]]],
) -> None:
    for revision in (3, 5, 4):
        await append(company, revision)
    assert await stored_outbox(company) == [5]
    await publish()
    assert (await newest(company))[1] == 5
    assert await stored_outbox(company) == []


@pytest.mark.parametrize("fresh", [False, True], ids=["the same relay", "another relay"])
@pytest.mark.parametrize("late", [1, 2])
async def test_an_older_version_never_replaces_a_newer_one(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    new_relay: Callable[[], Relay],
    fresh: bool,
    late: int,
) -> None:
    await append(company, 2)
    await publish()
    before = await newest(company)
    await append(company, late)
    await publish(*[new_relay()] * fresh)
    assert await newest(company) == before


async def test_a_relay_that_another_has_overtaken(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    new_relay: Callable[[], Relay],
) -> None:
    await append(company, 1)
    await publish()
    await append(company, 2)
    await publish(new_relay())
    await append(company, 3)
    await publish()
    assert (await newest(company))[1] == 3


async def test_many_relays_at_once(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    new_relay: Callable[[], Relay],
    publish: Callable[..., Awaitable[None]],
) -> None:
    relays = [new_relay() for _ in range(3)]
    for revision in range(1, 13):
        await append(company, revision)
        await asyncio.gather(*(relay.publish_waiting() for relay in relays))
    await publish()
    assert (await newest(company))[1] == 12


async def test_a_stream_that_was_emptied_is_filled_again(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    stream: JetStreamContext,
) -> None:
    await append(company, 2)
    await publish()
    await stream.purge_stream("USAGE")
    assert await newest(company) == (0, 0)
    await append(company, 2)
    await publish()
    assert (await newest(company))[1] == 2


@pytest.mark.parametrize("late", [1, 3])
async def test_after_the_broker_has_died_and_come_back(
    company: UUID,
    append: Callable[[UUID, int], Awaitable[None]],
    publish: Callable[..., Awaitable[None]],
    newest: Callable[[UUID], Awaitable[tuple[int, int]]],
    nats_engine: AnyNats,
    bus: Bus,
    relay: Relay,
    late: int,
) -> None:
    if not isinstance(nats_engine, NatsEngine):
        pytest.skip("a container that is stopped is gone")
    await append(company, 2)
    await publish()
    nats_engine.kill()

    async def is_lost() -> bool:
        return not bus.connected.is_set()

    await eventually(is_lost)
    await append(company, late)
    assert not await relay.publish_waiting(), "it waits for the broker"
    nats_engine.start()
    await asyncio.wait_for(bus.connected.wait(), 20)
    await publish()
    assert (await newest(company))[1] == max(2, late)
