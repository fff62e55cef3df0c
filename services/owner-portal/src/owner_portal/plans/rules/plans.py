"""Plans, their versions, and what moving companies to another version does."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan."""

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
    """An amount in minor units: 9900 USD is 99 dollars."""

    minor_units: int
    currency: str


class Resource(StrEnum):
    """The resources that a plan limits."""

    SEATS = "seats"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A limit below the usage level: billing refuses the change."""

    resource: Resource
    in_use: int
    limit: int


def newest_versions(versions: Sequence[Plan]) -> list[Plan]:
    """The newest version of each plan, in the order given."""
    newest: dict[str, Plan] = {}
    for plan in versions:
        if plan.code not in newest or newest[plan.code].version < plan.version:
            newest[plan.code] = plan
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class VersionEffect:
    """The effect on one company; with shortages it would keep its version."""

    company_id: UUID
    plan_version: int
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class VersionPreview:
    """The companies of the plan with other terms; revenue is the MRR of those that would change.

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
    """A company whose usage exceeds the limits of the version."""

    company_id: UUID
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of one batch of companies; `following`: the last id, None at the end."""

    companies: Sequence[UUID]
    kept: Sequence[Kept]
    following: UUID | None
