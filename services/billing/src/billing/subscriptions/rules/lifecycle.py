"""The steps of a subscription's life. Each takes the current value and gives the change, or says why there is none.

A charged ACTIVE period is renewed at its end by another month; any other running period expires: a trial, free days,
and one whose payment is missing. Months end on the day of the month on which the first of them began, or on the last
day of a shorter month; free days at the end of a period move that day.
"""

from datetime import datetime, timedelta
from uuid import UUID

from billing.invoices.rules import LineKind, line
from billing.money.rules import Money, amount
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, Kind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.proration import Charge
from billing.subscriptions.rules.subscription import RUNNING, State, Subscription
from servicekit.errors import Refused

TRIAL_PERIOD = timedelta(days=30)
REACTIVATION_PERIOD = timedelta(days=30)

_TICK = timedelta(microseconds=1)


def start_trial(company_id: UUID, plan: Plan, now: datetime) -> Change:
    """A company's first subscription: the whole plan, for the trial period, for nothing."""
    trial = Subscription(company_id, plan, State.TRIAL, started_at=now, expires_at=now + TRIAL_PERIOD)
    return Change(Kind.TRIAL_STARTED, now, trial)


def renew(current: Subscription, now: datetime, *, owed: int) -> Change:
    """Starts a charged month; free days that are left follow it. A cancellation not yet in effect is taken back.

    Refused for a charged period that goes on by itself, or whose payment is missing (`owed` minor units).
    """
    free = max(current.expires_at - now, timedelta(0))
    if free and current.charge:
        if current.state is State.CANCELLED:
            return Change(Kind.RESUMED, now, current.changed(state=State.ACTIVE))
        if (settled := settle(current, now, owed=owed)) is not None:
            return settled
        if current.state is State.PAST_DUE:
            missing = Money(owed, current.plan.price_per_month.currency)
            raise Refused(f"{amount(missing)} are owed: record the payment, then the subscription renews by itself.")
        raise Refused(f"The subscription renews by itself on {day(current.expires_at)}: there is nothing to do.")
    converts = free and current.state is State.TRIAL
    return _charged_month(current, Kind.TRIAL_CONVERTED if converts else Kind.RENEWED, now, now.day, free)


def end_period(current: Subscription, *, closed_at: datetime | None = None) -> Change:
    """What happens at the end of a running subscription's period, at that very moment.

    `closed_at`: when its company was closed, None for an open one; no month follows a period in which it was.
    """
    end, charge = current.expires_at, current.charge
    is_closed = closed_at is not None and closed_at < end
    if current.state is State.ACTIVE and charge and not is_closed:
        billing_day = charge.billing_day if charge.until == end else end.day
        return _charged_month(current, Kind.RENEWED, end, billing_day, timedelta(0))
    kind = Kind.TRIAL_EXPIRED if current.state is State.TRIAL else Kind.EXPIRED
    return Change(kind, end, current.changed(state=State.EXPIRED))


def is_due(current: Subscription, now: datetime) -> bool:
    """Whether the end of its period has passed and nothing has come of it yet."""
    return current.state in RUNNING and current.has_ended(now)


def extend(current: Subscription, now: datetime, until: datetime) -> Change | None:
    """Free time up to `until`; None when it lasts that long already. A period that is over begins anew, as ACTIVE."""
    if current.has_ended(now):
        reopened = current.changed(state=State.ACTIVE, started_at=now, expires_at=until, charge=None)
        return Change(Kind.REOPENED, now, reopened)
    if until <= current.expires_at:
        return None
    return Change(Kind.EXTENDED, now, current.changed(expires_at=until))


def end_after_reactivation(current: Subscription, now: datetime) -> datetime:
    """Until when access lasts when the company is reactivated at `now`: at least for the reactivation period."""
    return max(current.expires_at, now + REACTIVATION_PERIOD)


def cancel(current: Subscription, now: datetime, *, at_once: bool) -> Change:
    """Ends it with its period, or at once with the unused time credited. Refused when it is over or cancelled so."""
    if current.has_ended(now):
        raise Refused(f"The period ended on {day(current.expires_at)}: there is nothing to cancel.")
    kind = Kind.TRIAL_CANCELLED if current.state is State.TRIAL else Kind.CANCELLED
    if at_once:
        end = max(now, current.started_at + _TICK)  # a period has a length
        price, charge = current.plan.price_per_month.minor_units, current.charge
        refund = charge.spent(price, end).so_far() - charge.total(price) if charge else 0
        lines = line(LineKind.CREDIT, current.plan, refund, end, charge.until) if charge else ()
        return Change(kind, now, current.changed(state=State.CANCELLED, expires_at=end, charge=None), lines)
    if current.state is State.CANCELLED:
        raise Refused(f"The subscription is cancelled already and ends on {day(current.expires_at)}.")
    return Change(kind, now, current.changed(state=State.CANCELLED))


def mark_past_due(current: Subscription, now: datetime, *, owed: int) -> Change:
    """Says that a payment is missing. Refused unless it is active, charged, and something is owed."""
    if current.state is not State.ACTIVE or not current.charge:
        charged = "" if current.charge else " and not charged"
        raise Refused(
            f"Only an active subscription that is charged can be past due: this one is {current.state.words}{charged}."
        )
    if owed <= 0:
        raise Refused("Nothing is owed: all that was charged is paid.")
    return Change(Kind.PAST_DUE, now, current.changed(state=State.PAST_DUE))


def settle(current: Subscription, now: datetime, *, owed: int) -> Change | None:
    """A subscription past due is active again once nothing is owed; None in any other case."""
    if current.state is State.PAST_DUE and owed <= 0:
        return Change(Kind.PAID, now, current.changed(state=State.ACTIVE))
    return None


def _charged_month(current: Subscription, kind: Kind, start: datetime, billing_day: int, free: timedelta) -> Change:
    charge = Charge.month(start, billing_day)
    after = current.changed(state=State.ACTIVE, started_at=start, expires_at=charge.until + free, charge=charge)
    price = current.plan.price_per_month.minor_units
    return Change(kind, start, after, line(LineKind.CHARGE, current.plan, price, start, charge.until))
