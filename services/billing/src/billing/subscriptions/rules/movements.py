"""What a change does to the monthly recurring revenue."""

from enum import StrEnum

from billing.subscriptions.rules.subscription import Subscription


class Movement(StrEnum):
    """How a company's MRR changed."""

    NEW = "NEW"
    EXPANSION = "EXPANSION"
    CONTRACTION = "CONTRACTION"
    CHURN = "CHURN"
    REACTIVATION = "REACTIVATION"


def revenue_change(before: Subscription | None, after: Subscription) -> int:
    """Minor units by which a change moves the MRR."""
    return after.monthly_revenue - (before.monthly_revenue if before else 0)


def movement(before: Subscription | None, after: Subscription) -> Movement | None:
    """What kind of movement a change is; None when it moves nothing."""
    moved = revenue_change(before, after)
    if not moved:
        return None
    if before is None or not before.monthly_revenue:
        return Movement.REACTIVATION if after.has_paid else Movement.NEW
    if not after.monthly_revenue:
        return Movement.CHURN
    return Movement.EXPANSION if moved > 0 else Movement.CONTRACTION
