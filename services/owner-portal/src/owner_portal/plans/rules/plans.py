"""Plans, their versions, and what moving companies to another version does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of an offer of billing."""

    code: str
    version: int
    name: str
    price_minor_units: int
    currency: str
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


@dataclass(frozen=True, slots=True)
class Money:
    """9900 USD are 99 dollars."""

    minor_units: int
    currency: str


class Resource(StrEnum):
    """What a plan limits."""

    SEATS = "seats"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A limit that would be lower than what is in use: billing refuses the change."""

    resource: Resource
    in_use: int
    limit: int


def newest_versions(versions: Sequence[Plan]) -> list[Plan]:
    """One version of each plan, in the order given."""
    newest: dict[str, Plan] = {}
    for plan in versions:
        if plan.code not in newest or newest[plan.code].version < plan.version:
            newest[plan.code] = plan
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class VersionEffect:
    """On one company; with shortages it would keep the version that it has."""

    company_id: UUID
    plan_version: int
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class VersionPreview:
    """Companies of the plan with other terms than these; revenue is a month's, of those that would change.

    `effects` are the first of them; `more`: there are others.
    """

    would_change: int
    would_keep: int
    revenue_before: Money
    revenue_after: Money
    effects: Sequence[VersionEffect]
    more: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A company that uses more than the version allows."""

    company_id: UUID
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of one stretch of companies; `following`: ask on after this one, None when that was the end."""

    companies: Sequence[UUID]
    kept: Sequence[Kept]
    following: UUID | None
