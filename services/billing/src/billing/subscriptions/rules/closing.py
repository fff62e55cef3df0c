"""What is left of a subscription once its company was closed: it ends, and what is owed may still be paid."""

from datetime import datetime

from billing.invoices.rules import LineKind, line
from billing.subscriptions.rules.changes import Change, Kind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.subscription import RUNNING, State, Subscription
from servicekit.errors import Refused


def refuse_closed(closed_at: datetime | None) -> None:
    """Refused for a company that was closed, which is for ever; None: it was not."""
    if closed_at is not None:
        raise Refused(
            f"The company was closed on {day(closed_at)}: its subscription goes on no more. What it owes can still be "
            "paid; for a customer who comes back, create a new company."
        )


def end_for_good(current: Subscription, then: Subscription, at: datetime, *, issued: int) -> Change | None:
    """Cancels with the period, without a credit, what ran when the company was closed; None when nothing did.

    One hears of a closing late, and the subscription may have gone on: `then` is what it was at the closing, `current`
    what became of it until `at`, for `issued` minor units. It becomes again what it was, and the sum is credited. Time
    that was credited since is the owner's decision and stays so.
    """
    last = current if issued < 0 else then
    if last.state in RUNNING:
        last = last.changed(state=State.CANCELLED)
    if last == current:
        return None
    kind = Kind.TRIAL_CANCELLED if current.state is State.TRIAL else Kind.CANCELLED
    credit = min(0, -issued)
    return Change(kind, at, last, line(LineKind.CREDIT, current.plan, credit, current.started_at, current.expires_at))
