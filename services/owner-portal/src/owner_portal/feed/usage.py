"""The aggregate feed: one message holds a company's month."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from operator import attrgetter
from uuid import UUID

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1 import usage_pb2 as pb
from owner_portal.application.apply_usage import apply_usage
from owner_portal.application.keep_directory import confirm_usage
from owner_portal.domain.usage import CompanyMonth
from owner_portal.feed.live import Live
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import ping
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent
from servicekit.lifecycle import forever

STREAM = "USAGE"
DURABLE = "portal"
BATCH = 200
LARGEST = 2**63 - 1  # PostgreSQL's bigint has a sign, the contract's numbers have none
CHECK_PAUSE = 4.0


_numbers: Callable[[pb.CompanyDay], tuple[int, ...]] = attrgetter(
    "day",
    "revision",
    "active_seconds",
    "idle_seconds",
    "employees_active",
    "sessions",
    "screenshots",
    "storage_bytes",
    "seats_used",
)


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
    """ValueError: there is no such day, or a number has more than 63 bits."""
    if numbers:
        for day in (min(numbers), max(numbers)):
            month.replace(day=day[0])
        if max(map(max, numbers)) > LARGEST:
            raise ValueError


class UsageFeed:
    """Follows the feed by its durable consumer and tells open pages what changed, after the commit."""

    def __init__(self, engine: AsyncEngine, bus: Bus, live: Live) -> None:
        self._engine = engine
        self._bus = bus
        self._live = live
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
        """Notes again and again that the feed answers, until cancelled: silence shows as the age of the numbers."""
        await forever("watch the usage feed", self._check, idle=CHECK_PAUSE)

    async def _check(self) -> bool:
        await self._bus.connected.wait()
        await self._bus.stream.consumer_info(STREAM, DURABLE)
        await confirm_usage(self._engine)
        return False
