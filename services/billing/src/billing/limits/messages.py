"""Usage levels and shortages as messages of the contract."""

from collections.abc import Sequence

from billing.limits.rules import Resource, Shortage, Use
from contracts.billing.v1 import plans_pb2

_RESOURCES = {
    Resource.SEATS: plans_pb2.RESOURCE_SEATS,
    Resource.STORAGE_BYTES: plans_pb2.RESOURCE_STORAGE_BYTES,
}


def to_use(value: Use) -> plans_pb2.Use:
    """Seats and storage in use."""
    return plans_pb2.Use(seats=value.seats, storage_bytes=value.storage_bytes)


def to_shortages(values: Sequence[Shortage]) -> list[plans_pb2.Shortage]:
    """Limits that would be too low."""
    return [
        plans_pb2.Shortage(resource=_RESOURCES[each.resource], in_use=each.in_use, limit=each.limit) for each in values
    ]
