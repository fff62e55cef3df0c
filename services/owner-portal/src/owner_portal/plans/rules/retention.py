"""For how many days each plan's screenshots are kept, and which companies have another number than their plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from owner_portal.plans.rules.plans import Plan, newest_versions
from servicekit.errors import Conflict

LONGEST_RETENTION = 3_650  # days


@dataclass(frozen=True, slots=True)
class TermsCount:
    """How many companies have a plan's version; `days`: that their screenshots are kept."""

    plan_code: str
    plan_version: int
    days: int
    companies: int


@dataclass(frozen=True, slots=True)
class Differing:
    """A company whose version of the plan says another number of days than the newest one."""

    company_id: UUID
    name: str
    plan_code: str
    plan_version: int
    days: int


@dataclass(frozen=True, slots=True)
class PlanRetention:
    """A plan on offer with all companies that have any version of it."""

    plan: Plan
    counts: Sequence[TermsCount]

    @property
    def companies(self) -> int:
        return sum(count.companies for count in self.counts)

    @property
    def differing(self) -> int:
        """Companies whose screenshots are kept for another number of days."""
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
        raise Conflict(f"{newest.name} has a new version since you looked. Look at the preview again.")
    return replace(newest, screenshot_retention_days=days)


def read_days(typed: str) -> int | None:
    """Days as they were typed in, 1 to LONGEST_RETENTION; None when they are none."""
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    days = int(text)
    return days if 1 <= days <= LONGEST_RETENTION else None
