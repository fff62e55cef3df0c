"""Moments as protobuf has them."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def from_timestamp(stamp: Timestamp) -> datetime:
    """An aware moment in UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def to_timestamp(moment: datetime) -> Timestamp:
    """The same moment for a message."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
