"""A change of a subscription: what it is now, since when, and what was charged or credited for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.actions.rules.action import Action
from billing.money.rules.money import Money
from billing.plans.rules.plan import Plan
from billing.subscriptions.rules.subscription import Subscription


class Kind(StrEnum):
    """What happened. Leaving a trial has kinds of its own."""

    TRIAL_STARTED = "TRIAL_STARTED"
    TRIAL_CONVERTED = "TRIAL_CONVERTED"
    TRIAL_EXPIRED = "TRIAL_EXPIRED"
    TRIAL_CANCELLED = "TRIAL_CANCELLED"
    PLAN_CHANGED = "PLAN_CHANGED"
    RENEWED = "RENEWED"
    EXTENDED = "EXTENDED"
    REOPENED = "REOPENED"  # a free period after one that was over
    PAST_DUE = "PAST_DUE"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    RESUMED = "RESUMED"  # a cancellation was taken back
    EXPIRED = "EXPIRED"


TRIAL_ENDS = frozenset({Kind.TRIAL_CONVERTED, Kind.TRIAL_EXPIRED, Kind.TRIAL_CANCELLED})


class LineKind(StrEnum):
    """Which way the money goes."""

    CHARGE = "CHARGE"
    CREDIT = "CREDIT"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an invoice: an amount (negative for a credit) for the time of a plan."""

    kind: LineKind
    plan: Plan
    minor_units: int
    covers_from: datetime
    covers_until: datetime

    @property
    def amount(self) -> Money:
        return Money(self.minor_units, self.plan.price_per_month.currency)


@dataclass(frozen=True, slots=True)
class Change:
    """`after` holds from `at` on."""

    kind: Kind
    at: datetime
    after: Subscription
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the history: a change as it is stored. It holds to `superseded_at`; None: it is the current one."""

    revision: int
    kind: Kind
    at: datetime
    superseded_at: datetime | None
    recorded_at: datetime
    action: Action
    subscription: Subscription

    @property
    def company_id(self) -> UUID:
        return self.subscription.company_id


def line(
    kind: LineKind, plan: Plan, minor_units: int, covers_from: datetime, covers_until: datetime
) -> tuple[Line, ...]:
    """One line, or none for nothing."""
    return (Line(kind, plan, minor_units, covers_from, covers_until),) if minor_units else ()
