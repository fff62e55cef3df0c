"""Messages of the aggregate feed as rules."""

from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter, gt
from uuid import UUID

from google.protobuf.message import DecodeError

from contracts.tracking.v1 import usage_pb2 as pb
from owner_portal.usage.rules import CompanyMonth
from servicekit.errors import InvalidInput

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
