"""Usage levels, and the limits of plans that are below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from billing.plans.rules import Plan
from servicekit.errors import Refused


class Resource(StrEnum):
    """A resource that a plan limits."""

    SEATS = "seats"
    STORAGE_BYTES = "bytes of storage"


@dataclass(frozen=True, slots=True)
class UsageLevel:
    """The seats and the storage that a company uses."""

    seats: int = 0
    storage_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ReportedUsage:
    """The usage level of a company on a day. The highest revision of a day counts, and the newest day of a month."""

    company_id: UUID
    day: date
    revision: int
    use: UsageLevel


@dataclass(frozen=True, slots=True)
class LimitViolation:
    """A limit below the usage level."""

    resource: Resource
    in_use: int
    limit: int

    def __str__(self) -> str:
        return f"{self.in_use:,} {self.resource} are in use, and the limit would be {self.limit:,}"


def limit_violations(current: Plan, wanted: Plan, use: UsageLevel) -> list[LimitViolation]:
    """The limits that a change of plan would lower below the usage level.

    A limit that it does not lower is no violation, even when the usage level exceeds it.
    """
    compared = (
        (Resource.SEATS, use.seats, current.seats, wanted.seats),
        (Resource.STORAGE_BYTES, use.storage_bytes, current.storage_bytes, wanted.storage_bytes),
    )
    return [LimitViolation(resource, used, new) for resource, used, old, new in compared if new < old and used > new]


def check_limits(plan: Plan, found: Sequence[LimitViolation]) -> None:
    """Refused with the numbers when there are violations."""
    if found:
        raise Refused(f"{plan.code} is too small: {'; '.join(map(str, found))}. Free up capacity first.")
