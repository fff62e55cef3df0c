"""The consumer of the aggregate feed, which takes the usage levels from it. A message is a month of a company."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.limits.rules import ReportedUsage, UsageLevel
from billing.limits.use_cases import store_usage
from contracts.tracking.v1 import usage_pb2
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent

STREAM = "USAGE"
DURABLE = "billing"
BATCH = 200
MAX_VALUE = 2**63 - 1  # of the database's bigint


class UsageFeed:
    """Stores usage levels, one transaction a batch."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def handle(self, events: Sequence[IncomingEvent]) -> None:
        """Stores the levels of a batch. InvalidInput for a message that cannot be read."""
        levels = [level for event in events if (level := newest_level(event)) is not None]
        await store_usage(self._engine, levels=levels)


def newest_level(event: IncomingEvent) -> ReportedUsage | None:
    """The usage level of the newest day of a month; None for a month without days."""
    try:
        month = usage_pb2.CompanyMonth.FromString(event.payload)
        days = [_level(month, day) for day in month.days]
    except (DecodeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{event.subject} does not hold a month of a company") from error
    return max(days, key=lambda level: (level.day, level.revision), default=None)


def _level(month: usage_pb2.CompanyMonth, day: usage_pb2.CompanyDay) -> ReportedUsage:
    if max(day.revision, day.storage_bytes) > MAX_VALUE:
        raise ValueError("a number has more than 63 bits")
    return ReportedUsage(
        company_id=UUID(month.company_id),
        day=date(month.year, month.month, day.day),
        revision=day.revision,
        use=UsageLevel(seats=day.seats_used, storage_bytes=day.storage_bytes),
    )
