"""The aggregate feed: one message holds a company's month."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from uuid import UUID

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from contracts.tracking.v1 import usage_pb2 as pb
from owner_portal.application.apply_usage import apply_usage
from owner_portal.application.keep_directory import confirm_usage
from owner_portal.domain.usage import CompanyDay
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


def read_month(subject: str, payload: bytes) -> list[CompanyDay]:
    """The days of one message; InvalidInput when it is not what its subject says."""
    try:
        month = pb.CompanyMonth.FromString(payload)
        company_id = UUID(month.company_id)
        days = [_day(company_id, date(month.year, month.month, day.day), day) for day in month.days]
    except (DecodeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{subject} holds no month of a company") from error
    if subject != f"usage.v1.{company_id}.{month.year:04}{month.month:02}":
        raise InvalidInput(f"{subject} holds a month of another subject")
    return days


def _day(company_id: UUID, day: date, message: pb.CompanyDay) -> CompanyDay:
    if max(message.revision, message.active_seconds, message.idle_seconds, message.storage_bytes) > LARGEST:
        raise ValueError("a number has more than 63 bits")
    return CompanyDay(
        company_id=company_id,
        day=day,
        revision=message.revision,
        active_seconds=message.active_seconds,
        idle_seconds=message.idle_seconds,
        employees_active=message.employees_active,
        sessions=message.sessions,
        screenshots=message.screenshots,
        storage_bytes=message.storage_bytes,
        seats_used=message.seats_used,
    )


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
        days = [day for event in events for day in read_month(event.subject, event.payload)]
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
