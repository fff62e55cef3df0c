"""What an owner can do about a subscription, and which of it would be refused now."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from billing.invoices.rules import refuse_credit
from billing.money.rules import Money
from billing.subscriptions.rules.closing import refuse_closed
from billing.subscriptions.rules.lifecycle import cancel, mark_past_due, renew
from billing.subscriptions.rules.subscription import Subscription
from servicekit.errors import Refused


class Step(StrEnum):
    """One of the calls that change a subscription or what is owed."""

    RENEW = "RENEW"
    EXTEND = "EXTEND"
    CHANGE_PLAN = "CHANGE_PLAN"
    CANCEL = "CANCEL"
    MARK_PAST_DUE = "MARK_PAST_DUE"
    RECORD_PAYMENT = "RECORD_PAYMENT"


OF_OPEN_COMPANIES = frozenset({Step.RENEW, Step.EXTEND, Step.CHANGE_PLAN, Step.MARK_PAST_DUE})


def refusals(current: Subscription, now: datetime, *, owed: int, closed_at: datetime | None) -> dict[Step, str]:
    """Why each of the steps that would be refused now would be, whatever else is asked for; `owed` in minor units."""
    least = Money(1, current.plan.price_per_month.currency)
    attempts: Mapping[Step, Callable[[], object]] = {
        Step.RENEW: lambda: renew(current, now, owed=owed),
        Step.CANCEL: lambda: cancel(current, now, at_once=True),
        Step.MARK_PAST_DUE: lambda: mark_past_due(current, now, owed=owed),
        Step.RECORD_PAYMENT: lambda: refuse_credit(least, owed, allowed=True, closed_at=closed_at),
    }
    found: dict[Step, str] = {}
    for step in Step:
        try:
            if step in OF_OPEN_COMPANIES:
                refuse_closed(closed_at)
            if step in attempts:
                attempts[step]()
        except Refused as error:
            found[step] = error.message
    return found
