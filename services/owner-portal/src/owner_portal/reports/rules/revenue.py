"""Revenue by calendar months in UTC, as billing reports it. Amounts are whole minor units of one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Figure(StrEnum):
    """A figure of the report that can be opened to the rows behind it; values are billing's names."""

    NEW = "NEW"
    EXPANSION = "EXPANSION"
    CONTRACTION = "CONTRACTION"
    CHURN = "CHURN"
    REACTIVATION = "REACTIVATION"
    RETENTION = "RETENTION"
    TRIALS_ENDED = "TRIALS_ENDED"
    TRIALS_CONVERTED = "TRIALS_CONVERTED"
    STANDING = "STANDING"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


MOVEMENTS = (Figure.NEW, Figure.EXPANSION, Figure.REACTIVATION, Figure.CONTRACTION, Figure.CHURN)


@dataclass(frozen=True, slots=True)
class Bridge:
    """From the MRR at the start to that at the end; contraction and churn are not positive. `until` is exclusive."""

    since: datetime
    until: datetime
    start: int
    new: int
    expansion: int
    contraction: int
    churn: int
    reactivation: int
    end: int

    def amount(self, movement: Figure) -> int:
        """One of MOVEMENTS."""
        amount: int = getattr(self, movement.value.lower())
        return amount


@dataclass(frozen=True, slots=True)
class PlanShare:
    """Companies with access by a plan version, and what they pay a month."""

    plan_code: str
    plan_version: int
    subscriptions: int
    monthly_revenue: int


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """`bridge` is of the whole range, `months` of each month; ratios are 1.0 for 100 %, None for a zero denominator.

    `annual_run_rate` is twelve times the MRR at the end; `health` the share of subscriptions on trial or active.
    `average_seats` are granted seats, `average_seats_in_use` used ones of companies with data in the last month.
    """

    currency: str
    bridge: Bridge
    months: Sequence[Bridge]
    annual_run_rate: int
    net_retention: float | None
    gross_retention: float | None
    trials_ended: int
    trials_converted: int
    trial_conversion: float | None
    plans: Sequence[PlanShare]
    health: float | None
    average_seats: float | None
    average_seats_in_use: float | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of the history behind a figure. `amount` is what it added to the MRR; `revision` orders the rows."""

    company_id: UUID
    revision: int
    at: datetime
    kind: str
    plan_code: str
    amount: int
    currency: str
    actor: str
    reason: str
