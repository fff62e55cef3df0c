"""Versions of plans: whom another one touches, and what came of moving companies to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from owner_portal.subscriptions.rules.money import Money
from owner_portal.subscriptions.rules.subscriptions import Shortage

LONGEST_RETENTION = 3_650  # days


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


def read_days(typed: str) -> int | None:
    """Days as they were typed in, 1 to LONGEST_RETENTION; None when they are none."""
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    days = int(text)
    return days if 1 <= days <= LONGEST_RETENTION else None
