"""MRR movements: what a change does to the monthly recurring revenue."""

from enum import StrEnum

from billing.subscriptions.rules.subscription import Subscription


class MrrMovement(StrEnum):
    """The kinds of movement."""

    NEW = "NEW"
    EXPANSION = "EXPANSION"
    CONTRACTION = "CONTRACTION"
    CHURN = "CHURN"
    REACTIVATION = "REACTIVATION"


def revenue_change(before: Subscription | None, after: Subscription) -> int:
    """Minor units that a change adds to the MRR."""
    return after.monthly_revenue - (before.monthly_revenue if before else 0)


def movement(before: Subscription | None, after: Subscription) -> MrrMovement | None:
    """The kind of movement of a change; None when the MRR stays the same."""
    moved = revenue_change(before, after)
    if not moved:
        return None
    if before is None or not before.monthly_revenue:
        return MrrMovement.REACTIVATION if after.has_paid else MrrMovement.NEW
    if not after.monthly_revenue:
        return MrrMovement.CHURN
    return MrrMovement.EXPANSION if moved > 0 else MrrMovement.CONTRACTION
