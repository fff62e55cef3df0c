"""Fields that the messages of several features have: pages of change lists, times."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from contracts.tenancy.v1 import tenancy_pb2 as pb
from servicekit.errors import InvalidInput
from tenancy.db.rules import ChangePage


def from_change_page(message: pb.ListCompanyChangesRequest | pb.ListAccessChangesRequest) -> ChangePage:
    """InvalidInput for a revision that cannot exist."""
    return ChangePage.checked(after_revision=message.after_revision, limit=message.limit)


def from_timestamp(message: Timestamp, field: str) -> datetime:
    """A time in UTC. InvalidInput outside of the years 1 to 9999."""
    try:
        return message.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{field} is not a time: give seconds and nanoseconds of the years 1 to 9999", field=field
        ) from None


def to_timestamp(moment: datetime) -> Timestamp:
    """`moment` is aware; a naive one would be read as UTC."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def to_optional_timestamp(moment: datetime | None) -> Timestamp | None:
    """None leaves the field out."""
    return None if moment is None else to_timestamp(moment)
