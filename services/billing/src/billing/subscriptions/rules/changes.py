"""Changes of a subscription, and the records of them in its history."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.actions.rules import Action
from billing.invoices.rules import LineItem
from billing.subscriptions.rules.subscription import Subscription


class ChangeKind(StrEnum):
    """What happened to a subscription. The end of a trial has kinds of its own."""

    TRIAL_STARTED = "TRIAL_STARTED"
    TRIAL_CONVERTED = "TRIAL_CONVERTED"
    TRIAL_EXPIRED = "TRIAL_EXPIRED"
    TRIAL_CANCELLED = "TRIAL_CANCELLED"
    PLAN_CHANGED = "PLAN_CHANGED"
    RENEWED = "RENEWED"
    EXTENDED = "EXTENDED"
    REOPENED = "REOPENED"  # a free period after an expired one
    PAST_DUE = "PAST_DUE"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    RESUMED = "RESUMED"  # a cancellation was revoked
    EXPIRED = "EXPIRED"


TRIAL_END_KINDS = frozenset({ChangeKind.TRIAL_CONVERTED, ChangeKind.TRIAL_EXPIRED, ChangeKind.TRIAL_CANCELLED})


@dataclass(frozen=True, slots=True)
class Change:
    """The subscription is `after` from the moment `at` on; `lines` are charged or credited for it."""

    kind: ChangeKind
    at: datetime
    after: Subscription
    lines: tuple[LineItem, ...] = ()


Transition = tuple[Subscription | None, Change]
"""The subscription before a change, None for the first one, and the change."""


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """A row of the subscription history, valid until `superseded_at`; None for the current one."""

    revision: int
    kind: ChangeKind
    at: datetime
    superseded_at: datetime | None
    recorded_at: datetime
    action: Action
    subscription: Subscription

    @property
    def company_id(self) -> UUID:
        return self.subscription.company_id
