"""Fields that the messages of several features have: ids, pages, revisions, times, money.

Each `from_…` raises InvalidInput, which names the field.
"""

from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from billing.money.rules import Money
from contracts.billing.v1 import billing_pb2
from servicekit.errors import InvalidInput
from servicekit.ids import parse_id

MAX_ROWS = 1_000  # of one response
MAX_REVISION = 2**63 - 1  # of the database's bigint


def from_company_id(text: str) -> UUID:
    """The company's id."""
    return parse_id(text, "company_id")


def from_optional_id(text: str, field: str) -> UUID | None:
    """An id, None for an empty text."""
    return parse_id(text, field) if text else None


def from_limit(limit: int) -> int:
    """The number of rows of a page; 0, or more than the maximum, becomes the maximum."""
    return min(limit or MAX_ROWS, MAX_ROWS)


def from_revision(revision: int, field: str) -> int:
    """A revision that the database can hold."""
    if revision > MAX_REVISION:
        raise InvalidInput(f"{field} is out of range: give a revision of an earlier response, or 0.", field=field)
    return revision


def from_money(message: billing_pb2.Money, field: str) -> Money:
    """An amount of money."""
    try:
        return Money(message.minor_units, message.currency)
    except ValueError as error:
        raise InvalidInput(f"{field}: {error}", field=field) from None


def to_money(amount: Money) -> billing_pb2.Money:
    """An amount of money."""
    return billing_pb2.Money(minor_units=amount.minor_units, currency=amount.currency)


def from_timestamp(message: Timestamp, field: str) -> datetime:
    """A time in UTC."""
    try:
        return message.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{field} is not a time of the years 1 to 9999.", field=field) from None


def to_timestamp(moment: datetime) -> Timestamp:
    """`moment` is aware."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def to_optional_timestamp(moment: datetime | None) -> Timestamp | None:
    """None leaves the field out."""
    return None if moment is None else to_timestamp(moment)
