"""What is in use, and which limits would become too low for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from billing.plans.rules import Plan
from servicekit.errors import Refused


class Resource(StrEnum):
    """What a plan limits."""

    SEATS = "seats"
    STORAGE_BYTES = "bytes of storage"


@dataclass(frozen=True, slots=True)
class Use:
    """Seats and storage that a company has in use."""

    seats: int = 0
    storage_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """What a company had in use on a day; of one day the highest revision counts, of a month the newest day."""

    company_id: UUID
    day: date
    revision: int
    use: Use


@dataclass(frozen=True, slots=True)
class Shortage:
    """A limit that would be lower than what is in use."""

    resource: Resource
    in_use: int
    limit: int

    def __str__(self) -> str:
        return f"{self.in_use:,} {self.resource} are in use and {self.limit:,} would be allowed"


def shortages(current: Plan, wanted: Plan, use: Use) -> list[Shortage]:
    """Limits that a change would lower below what is in use.

    One that it does not lower never stands in its way, also when more is in use already.
    """
    compared = (
        (Resource.SEATS, use.seats, current.seats, wanted.seats),
        (Resource.STORAGE_BYTES, use.storage_bytes, current.storage_bytes, wanted.storage_bytes),
    )
    return [Shortage(resource, used, new) for resource, used, old, new in compared if new < old and used > new]


def refuse_shortages(plan: Plan, found: Sequence[Shortage]) -> None:
    """Refused with the numbers when there are any."""
    if found:
        raise Refused(f"{plan.code} is too small: {'; '.join(map(str, found))}. Free what is too much first.")
