"""Usage levels from a real stream: late, repeated, reordered and invalid messages."""

import asyncio
from functools import partial
from itertools import permutations
from uuid import UUID

import nats
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits import store as usage
from billing.limits.worker import BATCH, DURABLE, STREAM, UsageFeed
from contracts.tracking.v1.usage_pb2 import CompanyDay, CompanyMonth
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import ping
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent
from servicekit.ids import new_id
from testkit.waiting import eventually
from testkit.world import World

DAYS = [  # (year, month, day, revision, seats)
    (2026, 10, 31, 9, 40),
    (2026, 11, 2, 10, 42),
    (2026, 11, 2, 14, 43),
    (2026, 11, 1, 15, 41),  # a late row changed an earlier day
]


def month(company: UUID, days: list[tuple[int, int, int, int, int]]) -> CompanyMonth:
    (year, number, *_), *_ = days
    return CompanyMonth(
        company_id=str(company),
        year=year,
        month=number,
        days=[
            CompanyDay(day=day, revision=revision, seats_used=seats, storage_bytes=seats * 10**9)
            for _, _, day, revision, seats in days
        ],
    )


def event(payload: bytes) -> IncomingEvent:
    return IncomingEvent("usage.v1.x.202611", "", payload, {})


async def seats(engine: AsyncEngine, company: UUID) -> int | None:
    async with engine.connect() as connection:
        found = await usage.newest_of(connection, [company])
    return found[company].seats if company in found else None


@pytest.mark.parametrize("order", list(permutations(DAYS)))
async def test_the_newest_day_counts_in_any_order(
    engine: AsyncEngine, order: tuple[tuple[int, int, int, int, int], ...]
) -> None:
    company, levels = new_id(), UsageFeed(engine)
    for day in (*order, *order):
        await levels.handle([event(month(company, [day]).SerializeToString())])
    assert await seats(engine, company) == 43


async def test_a_message_holds_a_month(engine: AsyncEngine) -> None:
    company, levels = new_id(), UsageFeed(engine)
    await levels.handle([event(month(company, [DAYS[1], DAYS[3]]).SerializeToString())])
    assert await seats(engine, company) == 42
    empty = CompanyMonth(company_id=str(company), year=2026, month=12)
    await levels.handle([event(empty.SerializeToString())])
    assert await seats(engine, company) == 42


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xff",
        CompanyMonth(company_id="nobody", year=2026, month=1, days=[CompanyDay(day=1)]).SerializeToString(),
        CompanyMonth(company_id=str(UUID(int=1)), year=2026, month=2, days=[CompanyDay(day=30)]).SerializeToString(),
        CompanyMonth(
            company_id=str(UUID(int=1)), year=2026, month=2, days=[CompanyDay(day=1, storage_bytes=2**63)]
        ).SerializeToString(),
    ],
)
async def test_an_invalid_month_is_a_poison_message(engine: AsyncEngine, broken: bytes) -> None:
    with pytest.raises(InvalidInput, match="does not hold a month of a company"):
        await UsageFeed(engine).handle([event(broken)])


async def test_the_feed_reaches_billing_by_its_own_consumer(
    engine: AsyncEngine, world: World, environment: dict[str, str]
) -> None:
    companies = [new_id() for _ in range(3)]
    tracking = await nats.connect(world.platform.nats_url("tracking"), inbox_prefix=b"_INBOX_tracking")
    for company in companies:
        await tracking.jetstream().publish(f"usage.v1.{company}.202611", month(company, DAYS[1:]).SerializeToString())
    await tracking.jetstream().publish(f"usage.v1.{companies[0]}.202612", b"\xff\xff")
    bus = Bus(environment["BILLING_NATS_URL"], name="billing")
    await bus.connect()
    consumer = Consumer(
        bus, UsageFeed(engine).handle, ready=partial(ping, engine), stream=STREAM, durable=DURABLE, batch=BATCH
    )
    consuming = asyncio.create_task(consumer.run())

    async def all_there() -> bool:
        return [await seats(engine, company) for company in companies] == [43, 43, 43]

    await eventually(all_there)
    consuming.cancel()
    await asyncio.wait([consuming])
    await bus.close()
    await tracking.close()
