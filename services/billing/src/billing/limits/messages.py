"""Usage levels and limit violations as messages of the contract."""

from collections.abc import Sequence

from billing.limits.rules import LimitViolation, Resource, UsageLevel
from contracts.billing.v1 import plans_pb2

_RESOURCES = {
    Resource.SEATS: plans_pb2.RESOURCE_SEATS,
    Resource.STORAGE_BYTES: plans_pb2.RESOURCE_STORAGE_BYTES,
}


def to_use(value: UsageLevel) -> plans_pb2.Use:
    """A usage level."""
    return plans_pb2.Use(seats=value.seats, storage_bytes=value.storage_bytes)


def to_violations(values: Sequence[LimitViolation]) -> list[plans_pb2.Shortage]:
    """Limit violations."""
    return [
        plans_pb2.Shortage(resource=_RESOURCES[each.resource], in_use=each.in_use, limit=each.limit) for each in values
    ]
