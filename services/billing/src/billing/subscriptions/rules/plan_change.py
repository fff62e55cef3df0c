"""From one plan to another: when, and for how much."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.actions.rules import Action
from billing.invoices.rules import LineKind, line
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, Kind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.subscription import State, Subscription
from servicekit.errors import Refused


class Timing(StrEnum):
    """When a change of plan takes effect."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


class ScheduledState(StrEnum):
    """What became of a change that waits for the end of a period."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    WITHDRAWN = "WITHDRAWN"
    REFUSED = "REFUSED"  # at its moment more was in use than the plan allows


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """A change of plan that waits for the end of the period, wherever that moves; a company has one at most.

    `due_at` is that end while it is pending, and the moment it was settled afterwards.
    """

    id: UUID
    company_id: UUID
    plan: Plan
    state: ScheduledState
    due_at: datetime
    created_at: datetime
    action: Action
    outcome: str = ""


def timing(current: Subscription, wanted: Plan, asked: Timing | None, now: datetime) -> Timing:
    """When it takes effect: as asked; else now, but a downgrade of a charged period at its end.

    Refused when it is on that plan already, or when it is to wait for an end that leads nowhere.
    """
    if (wanted.code, wanted.version) == (current.plan.code, current.plan.version):
        raise Refused(f"The company is on version {wanted.version} of {wanted.code} already.")
    goes_on = current.state in {State.TRIAL, State.ACTIVE, State.PAST_DUE} and not current.has_ended(now)
    if asked is Timing.PERIOD_END and not goes_on:
        state = current.state.words
        raise Refused(f"The subscription is {state} and no period follows: change the plan now, or renew it first.")
    if asked is None and goes_on and current.pays and wanted.is_downgrade_of(current.plan):
        return Timing.PERIOD_END
    return asked or Timing.NOW


def refuse_repetition(waits: ScheduledChange, wanted: Plan) -> None:
    """Refused when the change that waits leads to the same version: it keeps its date, its actor and its reason."""
    if (wanted.code, wanted.version) == (waits.plan.code, waits.plan.version):
        raise Refused(
            f"The change to version {wanted.version} of {wanted.code} on {day(waits.due_at)} is scheduled already"
            f" (by {waits.action.actor}): withdraw it first to schedule it with another reason."
        )


def apply_plan(current: Subscription, wanted: Plan, now: datetime) -> Change:
    """Another plan from `now` on; the rest of a charged period is credited and charged anew."""
    charge = current.charge
    if not charge or now >= charge.until:
        return Change(Kind.PLAN_CHANGED, now, current.changed(plan=wanted))
    old, new = current.plan.price_per_month.minor_units, wanted.price_per_month.minor_units
    spent = charge.spent(old, now)
    credit = line(LineKind.CREDIT, current.plan, spent.so_far() - charge.total(old), now, charge.until)
    owed = line(LineKind.CHARGE, wanted, spent.total(new) - spent.so_far(), now, charge.until)
    return Change(Kind.PLAN_CHANGED, now, current.changed(plan=wanted, charge=spent), credit + owed)
