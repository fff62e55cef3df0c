"""The aggregate feed: one message holds a company's month."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from operator import attrgetter, gt
from uuid import UUID

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1 import usage_pb2 as pb
from owner_portal.directory.use_cases.keep_directory import confirm_usage
from owner_portal.usage.rules.days import CompanyMonth
from owner_portal.usage.use_cases.apply_usage import apply_usage
from owner_portal.web.live import Live
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import ping
from servicekit.errors import InvalidInput, Unavailable
from servicekit.events import IncomingEvent
from servicekit.lifecycle import forever

STREAM = "USAGE"
DURABLE = "portal"
BATCH = 200
CHECK_PAUSE = 4.0

# More is a mistake, and would not fit into the sums: those of seconds end up as minutes of 31 bits.
MOST_SECONDS = 100_000 * 86_400  # of a day: so many people without a pause
MOST_EVENTS = 10**9
MOST_BYTES = 2**53
MOST_REVISION = 2**63 - 1  # PostgreSQL's bigint has a sign, the contract's numbers have none

_LARGEST = {
    "day": 31,
    "revision": MOST_REVISION,
    "active_seconds": MOST_SECONDS,
    "idle_seconds": MOST_SECONDS,
    "employees_active": MOST_EVENTS,
    "sessions": MOST_EVENTS,
    "screenshots": MOST_EVENTS,
    "storage_bytes": MOST_BYTES,
    "seats_used": MOST_EVENTS,
}

_numbers: Callable[[pb.CompanyDay], tuple[int, ...]] = attrgetter(*_LARGEST)


def read_month(subject: str, payload: bytes) -> CompanyMonth:
    """What one message tells; InvalidInput when it is not what its subject says."""
    try:
        message = pb.CompanyMonth.FromString(payload)
        company_id, first = UUID(message.company_id), date(message.year, message.month, 1)
        numbers = [_numbers(day) for day in message.days]
        _check(first, numbers)
    except (DecodeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{subject} holds no month of a company") from error
    if subject != f"usage.v1.{company_id}.{message.year:04}{message.month:02}":
        raise InvalidInput(f"{subject} holds a month of another subject")
    return CompanyMonth(company_id, first, numbers)


def _check(month: date, numbers: Sequence[tuple[int, ...]]) -> None:
    """ValueError: there is no such day, or a number is larger than any can be."""
    if numbers:
        for day in (min(numbers), max(numbers)):
            month.replace(day=day[0])
        if any(map(gt, map(max, zip(*numbers, strict=True)), _LARGEST.values())):
            raise ValueError


class UsageFeed:
    """Follows the feed by its durable consumer and tells open pages what changed, after the commit."""

    def __init__(self, engine: AsyncEngine, bus: Bus, live: Live) -> None:
        self._engine = engine
        self._bus = bus
        self._live = live
        self._awaited: int | None = None  # the delivery with which all is read that was there at an earlier check
        self._consumer = Consumer(
            bus, self.apply, ready=partial(ping, engine), stream=STREAM, durable=DURABLE, batch=BATCH
        )

    async def apply(self, events: Sequence[IncomingEvent]) -> None:
        """Stores one batch in one transaction; InvalidInput when a message of it is poison."""
        days = [day for event in events for day in read_month(event.subject, event.payload).days]
        self._live.mark(await apply_usage(self._engine, days=days))

    async def consume(self) -> None:
        """Runs until cancelled; waits for the broker when it is away."""
        await self._bus.connect()
        await self._consumer.run()

    async def watch(self) -> None:
        """Notes again and again that the feed is read, until cancelled: silence and lag show as the numbers' age."""
        await forever("watch the usage feed", self.watch_step, idle=CHECK_PAUSE)

    async def watch_step(self) -> bool:
        """Confirms the numbers when all is stored that was there at an earlier check: the feed itself never rests."""
        await self._bus.connected.wait()
        info = await self._bus.stream.consumer_info(STREAM, DURABLE)
        if info.delivered is None or info.ack_floor is None:
            raise Unavailable("the event bus does not say how far the feed is read")
        newest = info.delivered.consumer_seq + (info.num_pending or 0)
        is_read = not info.num_pending and not info.num_ack_pending
        if self._awaited is None:
            self._awaited = newest
        if is_read or info.ack_floor.consumer_seq >= self._awaited:
            await confirm_usage(self._engine)
            self._awaited = newest
        return False
