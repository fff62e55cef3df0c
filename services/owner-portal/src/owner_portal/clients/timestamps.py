"""Moments as protobuf has them."""

from datetime import UTC, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def from_timestamp(stamp: Timestamp) -> datetime:
    """An aware moment in UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def from_optional(message: Message, field: str) -> datetime | None:
    """The moment in a message's field; None when it is absent."""
    return from_timestamp(getattr(message, field)) if message.HasField(field) else None


def to_timestamp(moment: datetime) -> Timestamp:
    """The same moment for a message."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
