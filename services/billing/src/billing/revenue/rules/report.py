"""The revenue report, and the meaning of each figure.

- Monthly recurring revenue (MRR): the monthly prices of all subscriptions that are ACTIVE or PAST_DUE in a period that
  is charged. Trials, free periods and cancelled subscriptions do not count: revenue ends with the cancellation, not
  with the access. The platform has one currency.
- Movements: every change of a company's MRR is one of NEW (its first), EXPANSION, CONTRACTION, CHURN (to zero) and
  REACTIVATION (from zero, not for the first time). A movement is stored with the record that caused it, at the moment
  from which it is valid. Therefore start + movements = end for any range, and a past month stays as it is. Only what is
  applied after an outage is added to a past month: the end of a period or a closing to the month in which it happened,
  or to that of the subscription's last change when the subscription continued after the closing.
- ARR: twelve times the MRR at the end.
- Net revenue retention (NRR): of the companies that paid at the start, their MRR at the end over that at the start.
  Gross (GRR) likewise, but no company counts for more than it paid at the start. A company that left and came back
  within the range counts as retained.
- Trial conversion: the share of trials ended in the range (converted, expired or cancelled) that led to a charged
  period.
- Subscription health: the share of subscriptions that are on trial or active at the end.
- Average seats: those of the plans, over the companies with access at the end; in use, over those of them that tracking
  has reported in the last month of the range, as of its newest day.

Months are calendar months in UTC. A record that begins on a boundary belongs to the month after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from billing.subscriptions.rules.changes import SubscriptionRecord
from billing.subscriptions.rules.movements import MrrMovement
from billing.subscriptions.rules.subscription import SubscriptionState

HEALTHY_STATES = frozenset({SubscriptionState.TRIAL, SubscriptionState.ACTIVE})


class RevenueFigure(StrEnum):
    """A figure of the report whose rows can be listed."""

    START = "START"
    NEW = "NEW"
    EXPANSION = "EXPANSION"
    CONTRACTION = "CONTRACTION"
    CHURN = "CHURN"
    REACTIVATION = "REACTIVATION"
    END = "END"
    RETENTION = "RETENTION"
    TRIALS_ENDED = "TRIALS_ENDED"
    TRIALS_CONVERTED = "TRIALS_CONVERTED"
    STANDING = "STANDING"


@dataclass(frozen=True, slots=True)
class RevenueBridge:
    """The MRR at `since`, the movements, and so the MRR at `until` (exclusive); in minor units."""

    since: datetime
    until: datetime
    start: int
    movements: Mapping[MrrMovement, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.start + sum(self.movements.values())


@dataclass(frozen=True, slots=True)
class SubscriptionGroup:
    """The subscriptions of one plan version in one state at the end of the range; revenue in minor units."""

    plan_code: str
    plan_version: int
    state: SubscriptionState
    has_access: bool
    subscriptions: int
    monthly_revenue: int
    seats: int  # of the plans, of all subscriptions
    reported: int  # subscriptions whose usage level is known
    seats_in_use: int  # of the reported subscriptions


@dataclass(frozen=True, slots=True)
class Cohort:
    """The companies that paid at the start: their MRR then, at the end, and the smaller of the two for each."""

    start: int
    end: int
    kept: int


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """The counts of a range of months, from which the figures are computed."""

    currency: str
    months: Sequence[RevenueBridge]
    cohort: Cohort
    trials_ended: int
    trials_converted: int
    groups: Sequence[SubscriptionGroup]

    @property
    def bridge(self) -> RevenueBridge:
        """The bridge over the whole range."""
        sums = {kind: sum(month.movements.get(kind, 0) for month in self.months) for kind in MrrMovement}
        return RevenueBridge(self.months[0].since, self.months[-1].until, self.months[0].start, sums)

    @property
    def annual_run_rate(self) -> int:
        return 12 * self.bridge.end

    @property
    def net_retention(self) -> Fraction | None:
        return _ratio(self.cohort.end, self.cohort.start)

    @property
    def gross_retention(self) -> Fraction | None:
        return _ratio(self.cohort.kept, self.cohort.start)

    @property
    def trial_conversion(self) -> Fraction | None:
        return _ratio(self.trials_converted, self.trials_ended)

    @property
    def health(self) -> Fraction | None:
        healthy = sum(each.subscriptions for each in self.groups if each.state in HEALTHY_STATES)
        return _ratio(healthy, sum(each.subscriptions for each in self.groups))

    @property
    def with_access(self) -> list[SubscriptionGroup]:
        return [each for each in self.groups if each.has_access]

    @property
    def average_seats(self) -> Fraction | None:
        here = self.with_access
        return _ratio(sum(each.seats for each in here), sum(each.subscriptions for each in here))

    @property
    def average_seats_in_use(self) -> Fraction | None:
        here = self.with_access
        return _ratio(sum(each.seats_in_use for each in here), sum(each.reported for each in here))


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A record behind a figure, with its change of MRR in minor units, and for one figure with the seats in use."""

    record: SubscriptionRecord
    movement: MrrMovement | None
    revenue_change: int
    seats_in_use: int | None = None


def bridges(
    starts: Sequence[datetime], until: datetime, start: int, moved: Mapping[tuple[datetime, MrrMovement], int]
) -> list[RevenueBridge]:
    """One bridge for each month; `moved` has the totals by (start of the month, kind)."""
    result: list[RevenueBridge] = []
    for since, end in zip(starts, [*starts[1:], until], strict=True):
        movements = {kind: moved[since, kind] for kind in MrrMovement if (since, kind) in moved}
        result.append(RevenueBridge(since, end, start, movements))
        start = result[-1].end
    return result


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
