"""Subscriptions: the plan of a company, its period and its charge."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from billing.plans.rules import Plan
from billing.subscriptions.rules.proration import Charge


class SubscriptionState(StrEnum):
    """The state of a subscription."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"  # a payment is missing; access lasts to the end of the period
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"  # will not be renewed; access lasts to the end of the period

    @property
    def words(self) -> str:
        """The state in words, such as past due."""
        return self.value.replace("_", " ").lower()


RUNNING_STATES = frozenset({SubscriptionState.TRIAL, SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE})
"""States that change at the end of the period; a cancelled subscription stays cancelled."""

PAYING_STATES = frozenset({SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The limits of a company, and the moment from which access is refused."""

    company_id: UUID
    access_until: datetime
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """The subscription of a company at one moment. Times are aware, in UTC.

    The period lasts from `started_at` to `expires_at`. It begins with its charged part, `charge`, which free days may
    follow. Without a charge the whole period is free, as in a trial.
    """

    company_id: UUID
    plan: Plan
    state: SubscriptionState
    started_at: datetime
    expires_at: datetime
    charge: Charge | None = None
    has_paid: bool = False  # whether it contributed to the MRR before

    def __post_init__(self) -> None:
        if self.expires_at <= self.started_at:
            raise ValueError("a period is not empty")
        if self.charge and not (self.charge.started_at == self.started_at and self.charge.until <= self.expires_at):
            raise ValueError("the charged part begins with the period and ends within it")
        if (self.state is SubscriptionState.TRIAL and self.charge) or (
            self.state is SubscriptionState.PAST_DUE and not self.charge
        ):
            raise ValueError(f"{self.state} contradicts the charge")

    def has_ended(self, now: datetime) -> bool:
        """Whether the period is over; `expires_at` itself no longer belongs to it."""
        return now >= self.expires_at

    @property
    def pays(self) -> bool:
        """Whether it counts as revenue: it is charged and not cancelled."""
        return self.state in PAYING_STATES and self.charge is not None

    @property
    def monthly_revenue(self) -> int:
        """Its contribution to the MRR, in minor units."""
        return self.plan.price_per_month.minor_units if self.pays else 0

    def changed(self, **fields: Any) -> Self:
        """The subscription with some fields replaced."""
        return replace(self, **fields, has_paid=self.has_paid or self.monthly_revenue > 0)

    def entitlement(self) -> Entitlement:
        """The limits of the plan until the period ends. The state has no influence: the end alone decides on access."""
        return Entitlement(
            company_id=self.company_id,
            access_until=self.expires_at,
            seats=self.plan.seats,
            storage_bytes=self.plan.storage_bytes,
            screenshot_retention_days=self.plan.screenshot_retention_days,
        )
