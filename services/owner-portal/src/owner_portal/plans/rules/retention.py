"""The retention of each plan's screenshots, and the companies whose retention differs from their plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from owner_portal.plans.rules.plans import Plan, newest_versions
from servicekit.errors import Conflict

MAX_RETENTION_DAYS = 3_650  # days


@dataclass(frozen=True, slots=True)
class TermsCount:
    """The number of companies on a plan version, and its retention in `days`."""

    plan_code: str
    plan_version: int
    days: int
    companies: int


@dataclass(frozen=True, slots=True)
class Differing:
    """A company whose plan version has a different retention than the newest version."""

    company_id: UUID
    name: str
    plan_code: str
    plan_version: int
    days: int


@dataclass(frozen=True, slots=True)
class PlanRetention:
    """A plan on offer with the companies on any of its versions."""

    plan: Plan
    counts: Sequence[TermsCount]

    @property
    def companies(self) -> int:
        return sum(count.companies for count in self.counts)

    @property
    def differing(self) -> int:
        """The number of companies with a different retention."""
        return sum(count.companies for count in self.counts if count.days != self.plan.screenshot_retention_days)


def retentions(versions: Sequence[Plan], counts: Sequence[TermsCount]) -> list[PlanRetention]:
    """Each plan on offer with its companies."""
    return [
        PlanRetention(plan, [count for count in counts if count.plan_code == plan.code])
        for plan in newest_versions(versions)
    ]


def next_terms(newest: Plan, days: int, *, seen: int) -> Plan:
    """The newest version with another number of days; the version itself when it has that number already.

    Conflict: the owner has `seen` another version, and it is not this change itself that came between.
    """
    repeated = newest.version == seen + 1 and newest.screenshot_retention_days == days
    if newest.version != seen and not repeated:
        raise Conflict(f"{newest.name} has a new version since you opened this page. Check the preview again.")
    return replace(newest, screenshot_retention_days=days)


def read_days(typed: str) -> int | None:
    """Parses a number of days, 1 to MAX_RETENTION_DAYS; None when it is invalid."""
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    days = int(text)
    return days if 1 <= days <= MAX_RETENTION_DAYS else None
