"""Subscriptions: which plan a company is on, until when it may use it, and what is charged for it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from billing.plans.rules import Plan
from billing.subscriptions.rules.proration import Charge


class State(StrEnum):
    """Where a subscription stands."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"  # a payment is missing; access lasts to the end of the period
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"  # will not be renewed; access lasts to the end of the period

    @property
    def words(self) -> str:
        """As people say it: past due."""
        return self.value.replace("_", " ").lower()


RUNNING = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
"""States in which something happens at the end of the period; a cancelled subscription ends as cancelled."""

PAYING = frozenset({State.ACTIVE, State.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a company may use. Access is refused from `access_until` on."""

    company_id: UUID
    access_until: datetime
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A company's subscription as of one moment; a change makes a new value. Times are aware, in UTC.

    The period lasts from `started_at` to `expires_at`. `charge` is its charged part, which comes first; free days may
    follow. Without a charge all of it is free, as a trial is.
    """

    company_id: UUID
    plan: Plan
    state: State
    started_at: datetime
    expires_at: datetime
    charge: Charge | None = None
    has_paid: bool = False  # whether it has had monthly revenue before this value

    def __post_init__(self) -> None:
        if self.expires_at <= self.started_at:
            raise ValueError("a period has a length")
        if self.charge and not (self.charge.started_at == self.started_at and self.charge.until <= self.expires_at):
            raise ValueError("the charged part of a period begins with it and ends within it")
        if (self.state is State.TRIAL and self.charge) or (self.state is State.PAST_DUE and not self.charge):
            raise ValueError(f"{self.state} and what is charged contradict each other")

    def has_ended(self, now: datetime) -> bool:
        """Whether the period is over; its last moment lies before `expires_at`."""
        return now >= self.expires_at

    @property
    def pays(self) -> bool:
        """Whether it is a charged one that is not to end: what counts as revenue."""
        return self.state in PAYING and self.charge is not None

    @property
    def monthly_revenue(self) -> int:
        """Minor units that it adds to the monthly recurring revenue."""
        return self.plan.price_per_month.minor_units if self.pays else 0

    def changed(self, **fields: Any) -> Self:
        """The value that follows this one."""
        return replace(self, **fields, has_paid=self.has_paid or self.monthly_revenue > 0)

    def entitlement(self) -> Entitlement:
        """What the plan grants until the period is over, in every state: the end alone decides on access."""
        return Entitlement(
            company_id=self.company_id,
            access_until=self.expires_at,
            seats=self.plan.seats,
            storage_bytes=self.plan.storage_bytes,
            screenshot_retention_days=self.plan.screenshot_retention_days,
        )
