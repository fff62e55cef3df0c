"""A change of a subscription: what it is now, since when, and what was charged or credited for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.actions.rules import Action
from billing.invoices.rules import Line
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
