"""Subscriptions: which plan a company is on, and until when it may use it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from billing.domain.plan import Plan

TRIAL_PERIOD = timedelta(days=30)
REACTIVATION_PERIOD = timedelta(days=30)


class State(StrEnum):
    """Where a subscription stands."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"  # a payment is missing; access lasts to the end of the period
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"  # will not be renewed; access lasts to the end of the period


RUNNING = frozenset({State.TRIAL, State.ACTIVE, State.PAST_DUE})
"""States that turn EXPIRED at the end of the period; a cancelled subscription ends as cancelled."""


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
    """A company's subscription as of one moment; a change makes a new value. Times are aware, in UTC."""

    company_id: UUID
    plan: Plan
    state: State
    started_at: datetime
    expires_at: datetime

    @classmethod
    def trial(cls, company_id: UUID, plan: Plan, now: datetime) -> Self:
        """A company's first subscription: the whole plan, for the trial period."""
        return cls(company_id, plan, State.TRIAL, started_at=now, expires_at=now + TRIAL_PERIOD)

    def has_ended(self, now: datetime) -> bool:
        """Whether the period is over; its last moment lies before `expires_at`."""
        return now >= self.expires_at

    def expired(self, now: datetime) -> Self:
        """The subscription as it stands at `now`: EXPIRED when it was running and its period is over."""
        if self.state in RUNNING and self.has_ended(now):
            return replace(self, state=State.EXPIRED)
        return self

    def extended_on_reactivation(self, now: datetime) -> Self:
        """The subscription after its company was reactivated: it runs for 30 days from `now` at the least.

        A period that is over begins anew, as ACTIVE whatever it was; one that runs keeps its state and start; one that
        runs longer stays as it is.
        """
        if self.has_ended(now):
            return replace(self, state=State.ACTIVE, started_at=now, expires_at=now + REACTIVATION_PERIOD)
        return replace(self, expires_at=max(self.expires_at, now + REACTIVATION_PERIOD))

    def entitlement(self) -> Entitlement:
        """What the plan grants until the period is over, in every state: the end alone decides on access."""
        return Entitlement(
            company_id=self.company_id,
            access_until=self.expires_at,
            seats=self.plan.seats,
            storage_bytes=self.plan.storage_bytes,
            screenshot_retention_days=self.plan.screenshot_retention_days,
        )
