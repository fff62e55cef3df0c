"""The steps that an owner can take with a subscription, and which of them would be refused now."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from billing.invoices.rules import check_overpayment
from billing.money.rules import Money
from billing.subscriptions.rules.closing import require_open
from billing.subscriptions.rules.lifecycle import cancel, mark_past_due, renew
from billing.subscriptions.rules.subscription import Subscription
from servicekit.errors import Refused


class SubscriptionStep(StrEnum):
    """A call that changes a subscription or its balance."""

    RENEW = "RENEW"
    EXTEND = "EXTEND"
    CHANGE_PLAN = "CHANGE_PLAN"
    CANCEL = "CANCEL"
    MARK_PAST_DUE = "MARK_PAST_DUE"
    RECORD_PAYMENT = "RECORD_PAYMENT"


STEPS_OF_OPEN_COMPANIES = frozenset(
    {SubscriptionStep.RENEW, SubscriptionStep.EXTEND, SubscriptionStep.CHANGE_PLAN, SubscriptionStep.MARK_PAST_DUE}
)


def refusals(
    current: Subscription, now: datetime, *, balance: int, closed_at: datetime | None
) -> dict[SubscriptionStep, str]:
    """The reason for each step that would be refused now, whatever its other fields; `balance` in minor units."""
    least = Money(1, current.plan.price_per_month.currency)
    attempts: Mapping[SubscriptionStep, Callable[[], object]] = {
        SubscriptionStep.RENEW: lambda: renew(current, now, balance=balance),
        SubscriptionStep.CANCEL: lambda: cancel(current, now, at_once=True),
        SubscriptionStep.MARK_PAST_DUE: lambda: mark_past_due(current, now, balance=balance),
        SubscriptionStep.RECORD_PAYMENT: lambda: check_overpayment(least, balance, allowed=True, closed_at=closed_at),
    }
    found: dict[SubscriptionStep, str] = {}
    for step in SubscriptionStep:
        try:
            if step in STEPS_OF_OPEN_COMPANIES:
                require_open(closed_at)
            if step in attempts:
                attempts[step]()
        except Refused as error:
            found[step] = error.message
    return found
