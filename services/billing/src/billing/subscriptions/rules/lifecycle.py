"""The lifecycle of a subscription. Each function takes the current value and returns the change, or raises Refused.

A charged ACTIVE period is renewed at its end by another month. Any other running period expires: a trial, free days,
and a period that is past due. Months end on the day of the month on which the first of them began, or on the last day
of a shorter month; free days at the end of a period move that day.
"""

from datetime import datetime, timedelta
from uuid import UUID

from billing.invoices.rules import LineItemKind, line_items
from billing.money.rules import Money, amount
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, ChangeKind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.proration import Charge
from billing.subscriptions.rules.subscription import RUNNING_STATES, Subscription, SubscriptionState
from servicekit.errors import Refused

TRIAL_PERIOD = timedelta(days=30)
REACTIVATION_PERIOD = timedelta(days=30)

_TICK = timedelta(microseconds=1)


def start_trial(company_id: UUID, plan: Plan, now: datetime) -> Change:
    """The first subscription of a company: the whole plan, free of charge, for the trial period."""
    trial = Subscription(company_id, plan, SubscriptionState.TRIAL, started_at=now, expires_at=now + TRIAL_PERIOD)
    return Change(ChangeKind.TRIAL_STARTED, now, trial)


def renew(current: Subscription, now: datetime, *, balance: int) -> Change:
    """Starts a charged month, which remaining free days follow. Revokes a cancellation that is not yet in effect.

    Refused for a charged period that renews automatically or is past due; `balance` is the balance in minor units.
    """
    free = max(current.expires_at - now, timedelta(0))
    if free and current.charge:
        if current.state is SubscriptionState.CANCELLED:
            return Change(ChangeKind.RESUMED, now, current.changed(state=SubscriptionState.ACTIVE))
        if (settled := settle(current, now, balance=balance)) is not None:
            return settled
        if current.state is SubscriptionState.PAST_DUE:
            missing = Money(balance, current.plan.price_per_month.currency)
            raise Refused(f"{amount(missing)} are due: record the payment, and the subscription renews automatically.")
        raise Refused(f"The subscription renews automatically on {day(current.expires_at)}: there is nothing to renew.")
    converts = free and current.state is SubscriptionState.TRIAL
    return _charged_month(current, ChangeKind.TRIAL_CONVERTED if converts else ChangeKind.RENEWED, now, now.day, free)


def end_period(current: Subscription, *, closed_at: datetime | None = None) -> Change:
    """The renewal or expiry of a running subscription at the end of its period.

    `closed_at` is when its company was closed, None for an open one. A period in which it was closed is not renewed.
    """
    end, charge = current.expires_at, current.charge
    is_closed = closed_at is not None and closed_at < end
    if current.state is SubscriptionState.ACTIVE and charge and not is_closed:
        billing_day = charge.billing_day if charge.until == end else end.day
        return _charged_month(current, ChangeKind.RENEWED, end, billing_day, timedelta(0))
    kind = ChangeKind.TRIAL_EXPIRED if current.state is SubscriptionState.TRIAL else ChangeKind.EXPIRED
    return Change(kind, end, current.changed(state=SubscriptionState.EXPIRED))


def is_due(current: Subscription, now: datetime) -> bool:
    """Whether its period has ended and neither renewal nor expiry was recorded."""
    return current.state in RUNNING_STATES and current.has_ended(now)


def extend(current: Subscription, now: datetime, until: datetime) -> Change | None:
    """Free time up to `until`, None when it lasts as long already. After the end it starts a new ACTIVE period."""
    if current.has_ended(now):
        reopened = current.changed(state=SubscriptionState.ACTIVE, started_at=now, expires_at=until, charge=None)
        return Change(ChangeKind.REOPENED, now, reopened)
    if until <= current.expires_at:
        return None
    return Change(ChangeKind.EXTENDED, now, current.changed(expires_at=until))


def end_after_reactivation(current: Subscription, now: datetime) -> datetime:
    """Until when access lasts if the company is reactivated at `now`: at least for the reactivation period."""
    return max(current.expires_at, now + REACTIVATION_PERIOD)


def cancel(current: Subscription, now: datetime, *, at_once: bool) -> Change:
    """Ends it with its period, or at once with a credit for unused time. Refused when it has ended or is cancelled."""
    if current.has_ended(now):
        raise Refused(f"The period ended on {day(current.expires_at)}: there is nothing to cancel.")
    kind = ChangeKind.TRIAL_CANCELLED if current.state is SubscriptionState.TRIAL else ChangeKind.CANCELLED
    if at_once:
        end = max(now, current.started_at + _TICK)  # a period is never empty
        price, charge = current.plan.price_per_month.minor_units, current.charge
        refund = charge.spent(price, end).so_far() - charge.total(price) if charge else 0
        lines = line_items(LineItemKind.CREDIT, current.plan, refund, end, charge.until) if charge else ()
        return Change(kind, now, current.changed(state=SubscriptionState.CANCELLED, expires_at=end, charge=None), lines)
    if current.state is SubscriptionState.CANCELLED:
        raise Refused(f"The subscription is already cancelled and ends on {day(current.expires_at)}.")
    return Change(kind, now, current.changed(state=SubscriptionState.CANCELLED))


def mark_past_due(current: Subscription, now: datetime, *, balance: int) -> Change:
    """Marks a payment as missing. Refused unless the subscription is active and charged and has a balance due."""
    if current.state is not SubscriptionState.ACTIVE or not current.charge:
        charged = "" if current.charge else " and not charged"
        raise Refused(
            f"Only an active, charged subscription can be past due: this one is {current.state.words}{charged}."
        )
    if balance <= 0:
        raise Refused("There is no balance due: everything charged is paid.")
    return Change(ChangeKind.PAST_DUE, now, current.changed(state=SubscriptionState.PAST_DUE))


def settle(current: Subscription, now: datetime, *, balance: int) -> Change | None:
    """Makes a past due subscription active again when there is no balance due; None in any other case."""
    if current.state is SubscriptionState.PAST_DUE and balance <= 0:
        return Change(ChangeKind.PAID, now, current.changed(state=SubscriptionState.ACTIVE))
    return None


def _charged_month(
    current: Subscription, kind: ChangeKind, start: datetime, billing_day: int, free: timedelta
) -> Change:
    charge = Charge.month(start, billing_day)
    after = current.changed(
        state=SubscriptionState.ACTIVE, started_at=start, expires_at=charge.until + free, charge=charge
    )
    price = current.plan.price_per_month.minor_units
    return Change(kind, start, after, line_items(LineItemKind.CHARGE, current.plan, price, start, charge.until))
