"""Subscriptions of closed companies: they end with their period, and the balance can still be paid."""

from datetime import datetime

from billing.invoices.rules import LineItemKind, line_items
from billing.subscriptions.rules.changes import Change, ChangeKind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.subscription import RUNNING_STATES, Subscription, SubscriptionState
from servicekit.errors import Refused


def require_open(closed_at: datetime | None) -> None:
    """Refused when the company was closed; `closed_at` is None for an open one."""
    if closed_at is not None:
        raise Refused(
            f"The company was closed on {day(closed_at)}, so its subscription can no longer be changed. Its balance "
            "can still be paid. To serve this customer again, create a new company."
        )


def cancel_closed(current: Subscription, then: Subscription, at: datetime, *, issued: int) -> Change | None:
    """Cancels the subscription of a closed company at the end of its period; None when nothing was running.

    The event of the closing may arrive late, when the subscription has already continued: `then` is what it was when
    the company was closed, `current` what it became until `at`, for `issued` minor units. The subscription returns to
    `then`, and `issued` is credited. Credits that the owner gave in the meantime remain.
    """
    last = current if issued < 0 else then
    if last.state in RUNNING_STATES:
        last = last.changed(state=SubscriptionState.CANCELLED)
    if last == current:
        return None
    kind = ChangeKind.TRIAL_CANCELLED if current.state is SubscriptionState.TRIAL else ChangeKind.CANCELLED
    credit = min(0, -issued)
    return Change(
        kind, at, last, line_items(LineItemKind.CREDIT, current.plan, credit, current.started_at, current.expires_at)
    )
