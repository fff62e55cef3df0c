"""The aggregate feed, for what plans limit: seats and storage in use. One message holds a company's month."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits.rules import Level, Use
from billing.limits.use_cases import take_usage
from contracts.tracking.v1 import usage_pb2
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent

STREAM = "USAGE"
DURABLE = "billing"
BATCH = 200
LARGEST = 2**63 - 1  # of the database's bigint


class UsageLevels:
    """Handles batches of the consumer, each in one transaction. What comes twice or late changes nothing."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        """Keeps the newest day's levels. InvalidInput for a message that no repetition makes readable."""
        levels = [level for event in events if (level := newest_level(event)) is not None]
        await take_usage(self._engine, levels=levels)


def newest_level(event: IncomingEvent) -> Level | None:
    """The levels of the month's newest day; None for a month without days."""
    try:
        month = usage_pb2.CompanyMonth.FromString(event.payload)
        days = [_level(month, day) for day in month.days]
    except (DecodeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{event.subject} holds no month of a company") from error
    return max(days, key=lambda level: (level.day, level.revision), default=None)


def _level(month: usage_pb2.CompanyMonth, day: usage_pb2.CompanyDay) -> Level:
    if max(day.revision, day.storage_bytes) > LARGEST:
        raise ValueError("a number has more than 63 bits")
    return Level(
        company_id=UUID(month.company_id),
        day=date(month.year, month.month, day.day),
        revision=day.revision,
        use=Use(seats=day.seats_used, storage_bytes=day.storage_bytes),
    )
