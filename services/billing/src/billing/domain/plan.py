"""Plans: what is on offer, at which price, with which limits."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing.domain.money import Money


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of an offer. It never changes: a new price or limit is a new version."""

    code: str
    version: int
    name: str
    price_per_month: Money
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


def cheapest_first(plans: Iterable[Plan]) -> list[Plan]:
    """The plans by price; those of one price by code. ValueError when their currencies differ."""
    return sorted(plans, key=lambda plan: (plan.price_per_month, plan.code))
