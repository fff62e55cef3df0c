"""Revenue, and what each figure means.

- Monthly recurring revenue (MRR): the monthly prices of all subscriptions that are ACTIVE or PAST_DUE in a period that
  is charged. Trials, free periods and cancelled subscriptions count nothing: revenue leaves with the cancellation, not
  with the end of access. All of it is in the platform's one currency.
- Movements: every change of a company's MRR is one of NEW (its first ever), EXPANSION, CONTRACTION, CHURN (to nothing)
  and REACTIVATION (from nothing, not for the first time). They are stored with the row that caused them, at the moment
  from which it holds; so start + movements = end for any range, and a past month stays as it is. Only what is made up
  for after an outage is added to a past month: an end of a period to the month in which it happened, a closing as well,
  or to that of the subscription's last change when it went on after the closing.
- ARR: twelve times the MRR at the end.
- Net revenue retention (NRR): of the companies that paid at the start, their MRR at the end over that at the start.
  Gross (GRR) likewise, but no company counts for more than it paid at the start. Both end at the end of the range:
  whoever left and came back within it is kept.
- Trial conversion: of the trials that ended in the range (converted, expired or cancelled), those that went over into a
  charged period.
- Subscription health: subscriptions on trial or active at the end, of all there are.
- Average seats: granted by the plans, over the companies with access at the end; in use, over those of them that
  tracking has reported in the range's last month, as of its newest day.

Months are calendar months in UTC. A row that begins on a boundary belongs to what comes after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from billing.subscriptions.rules.changes import Record
from billing.subscriptions.rules.movements import Movement
from billing.subscriptions.rules.subscription import State

HEALTHY = frozenset({State.TRIAL, State.ACTIVE})


class Figure(StrEnum):
    """A number of the report whose rows can be listed."""

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
class Bridge:
    """From the MRR at `since` to that at `until` (exclusive); minor units."""

    since: datetime
    until: datetime
    start: int
    movements: Mapping[Movement, int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        return self.start + sum(self.movements.values())


@dataclass(frozen=True, slots=True)
class Standing:
    """Subscriptions of one plan version in one state at the end; revenue in minor units."""

    plan_code: str
    plan_version: int
    state: State
    has_access: bool
    subscriptions: int
    monthly_revenue: int
    seats: int  # granted, of all of them
    reported: int  # those whose use is known
    seats_in_use: int  # of those


@dataclass(frozen=True, slots=True)
class Cohort:
    """The companies that paid at the start: their MRR then, now, and the smaller one of each."""

    start: int
    end: int
    kept: int


@dataclass(frozen=True, slots=True)
class Report:
    """What is counted for a range of months; the figures follow from it."""

    currency: str
    months: Sequence[Bridge]
    cohort: Cohort
    trials_ended: int
    trials_converted: int
    standing: Sequence[Standing]

    @property
    def bridge(self) -> Bridge:
        """Over the whole range."""
        sums = {kind: sum(month.movements.get(kind, 0) for month in self.months) for kind in Movement}
        return Bridge(self.months[0].since, self.months[-1].until, self.months[0].start, sums)

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
        healthy = sum(each.subscriptions for each in self.standing if each.state in HEALTHY)
        return _ratio(healthy, sum(each.subscriptions for each in self.standing))

    @property
    def with_access(self) -> list[Standing]:
        return [each for each in self.standing if each.has_access]

    @property
    def average_seats(self) -> Fraction | None:
        here = self.with_access
        return _ratio(sum(each.seats for each in here), sum(each.subscriptions for each in here))

    @property
    def average_seats_in_use(self) -> Fraction | None:
        here = self.with_access
        return _ratio(sum(each.seats_in_use for each in here), sum(each.reported for each in here))


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A row behind a figure: minor units it added to the MRR, and seats in use where they are asked for and known."""

    record: Record
    movement: Movement | None
    revenue_change: int
    seats_in_use: int | None = None


def bridges(
    starts: Sequence[datetime], until: datetime, start: int, moved: Mapping[tuple[datetime, Movement], int]
) -> list[Bridge]:
    """One bridge a month; `moved` has the sums by (start of the month, kind)."""
    result: list[Bridge] = []
    for since, end in zip(starts, [*starts[1:], until], strict=True):
        movements = {kind: moved[since, kind] for kind in Movement if (since, kind) in moved}
        result.append(Bridge(since, end, start, movements))
        start = result[-1].end
    return result


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None
