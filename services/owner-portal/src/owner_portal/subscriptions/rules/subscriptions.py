"""A company's subscription in billing's words: its history, what is scheduled, what a change of plan would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from owner_portal.directory.rules import Subscription
from owner_portal.plans.rules.plans import Money, Plan, Shortage
from owner_portal.subscriptions.rules.payments import Line

RETENTION_GRACE = timedelta(hours=24)  # for so long screenshots stay that a change of plan keeps no longer


class Timing(StrEnum):
    """When a change of plan takes effect."""

    NOW = "now"
    PERIOD_END = "period-end"


@dataclass(frozen=True, slots=True)
class SubscriptionRecord:
    """One row of the history: what a change made of the subscription, from `changed_at` on.

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
    """A change of plan that waits for the end of a period. `state` is PENDING, APPLIED, WITHDRAWN or REFUSED.

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
class Use:
    """What a company has in use, as its trackers' newest day says."""

    seats: int
    storage_bytes: int


class Step(StrEnum):
    """What an owner can do about a subscription, by billing's names."""

    RENEW = "RENEW"
    EXTEND = "EXTEND"
    CHANGE_PLAN = "CHANGE_PLAN"
    CANCEL = "CANCEL"
    MARK_PAST_DUE = "MARK_PAST_DUE"
    RECORD_PAYMENT = "RECORD_PAYMENT"


@dataclass(frozen=True, slots=True)
class Standing:
    """A subscription as of now, with what is in use and owed; negative: paid in advance.

    `refusals`: the steps that billing would refuse now, with its reasons.
    """

    record: SubscriptionRecord
    in_use: Use
    owed: Money
    refusals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What a change of plan would do, at `effective_at`. No lines: nothing is charged or credited.

    `default_timing`: when billing would do it if nobody chose.
    """

    plan: Plan
    timing: Timing
    default_timing: Timing
    is_downgrade: bool
    effective_at: datetime
    lines: Sequence[Line]
    net: Money
    monthly_revenue_change: Money
    in_use: Use
    shortages: Sequence[Shortage]

    @property
    def deletes_from(self) -> datetime:
        """From when screenshots are deleted that the plan keeps no longer."""
        return self.effective_at + RETENTION_GRACE


@dataclass(frozen=True, slots=True)
class Changed:
    """What an action made of a subscription. `scheduled`: it waits instead."""

    subscription: Subscription
    lines: Sequence[Line] = ()
    scheduled: ScheduledChange | None = None
