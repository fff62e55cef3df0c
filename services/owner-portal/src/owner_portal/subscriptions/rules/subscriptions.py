"""A company's subscription: current state, history, scheduled changes, previews of plan changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from owner_portal.directory.rules import Subscription
from owner_portal.plans.rules.plans import Money, Plan, Shortage
from owner_portal.subscriptions.rules.payments import Line

RETENTION_GRACE = timedelta(hours=24)  # after which screenshots beyond the new retention are deleted


class Timing(StrEnum):
    """When a plan change takes effect."""

    NOW = "now"
    PERIOD_END = "period-end"


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """One row of the history: the subscription after a change, from `changed_at` on.

    `kind` is billing's name of the change, such as PLAN_CHANGED. `superseded_at` None: it is current.
    """

    subscription: Subscription
    kind: str
    changed_at: datetime
    superseded_at: datetime | None
    actor: str
    reason: str

    @property
    def title(self) -> str:
        return self.kind.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """A plan change at the end of a period. `state` is PENDING, APPLIED, WITHDRAWN or REFUSED.

    `outcome`: why it was withdrawn or refused.
    """

    change_id: UUID
    plan: Plan
    state: str
    due_at: datetime
    created_at: datetime
    actor: str
    reason: str
    outcome: str


@dataclass(frozen=True, slots=True)
class UsageLevels:
    """The usage levels of a company on its newest day."""

    seats: int
    storage_bytes: int


class SubscriptionStep(StrEnum):
    """The actions on a subscription, by billing's names."""

    RENEW = "RENEW"
    EXTEND = "EXTEND"
    CHANGE_PLAN = "CHANGE_PLAN"
    CANCEL = "CANCEL"
    MARK_PAST_DUE = "MARK_PAST_DUE"
    RECORD_PAYMENT = "RECORD_PAYMENT"


@dataclass(frozen=True, slots=True)
class CurrentSubscription:
    """The current subscription with usage and balance; a negative balance is a credit.

    `refusals`: the steps that billing would refuse now, with the reasons.
    """

    record: SubscriptionRecord
    in_use: UsageLevels
    owed: Money
    refusals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """The effect of a plan change at `effective_at`. Without lines nothing is charged or credited.

    `default_timing`: the timing that billing chooses by default.
    """

    plan: Plan
    timing: Timing
    default_timing: Timing
    is_downgrade: bool
    effective_at: datetime
    lines: Sequence[Line]
    net: Money
    monthly_revenue_change: Money
    in_use: UsageLevels
    shortages: Sequence[Shortage]

    @property
    def deletes_from(self) -> datetime:
        """When the deletion of screenshots beyond the new retention starts."""
        return self.effective_at + RETENTION_GRACE


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """The result of an action on a subscription. `scheduled`: it takes effect later."""

    subscription: Subscription
    lines: Sequence[Line] = ()
    scheduled: ScheduledChange | None = None
