"""Messages of the aggregate feed as rules."""

from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter, gt
from uuid import UUID

from google.protobuf.message import DecodeError

from contracts.tracking.v1 import usage_pb2 as pb
from owner_portal.usage.rules import NUMBERS, CompanyMonth
from servicekit.errors import InvalidInput

# Larger numbers are errors and would overflow the sums: seconds are summed up as minutes of 31 bits.
MAX_SECONDS = 100_000 * 86_400  # of a day: 100,000 people without a pause
MAX_EVENTS = 10**9
MAX_BYTES = 2**53
MAX_REVISION = 2**63 - 1  # PostgreSQL's bigint has a sign, the contract's numbers have none

_MAX_OF_UNIT = {"seconds": MAX_SECONDS, "bytes": MAX_BYTES}
_MAX = {"day": 31, "revision": MAX_REVISION} | {
    name: _MAX_OF_UNIT.get(name.rpartition("_")[2], MAX_EVENTS) for name in NUMBERS
}

_numbers: Callable[[pb.CompanyDay], tuple[int, ...]] = attrgetter(*_MAX)


def read_month(subject: str, payload: bytes) -> CompanyMonth:
    """Decodes one message. InvalidInput: it does not match its subject."""
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
    """ValueError: an invalid day, or a number above its maximum."""
    if numbers:
        for day in (min(numbers), max(numbers)):
            month.replace(day=day[0])
        if any(map(gt, map(max, zip(*numbers, strict=True)), _MAX.values())):
            raise ValueError
