"""Plan changes: when they take effect, and what they cost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.actions.rules import Action
from billing.invoices.rules import LineItemKind, line_items
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, ChangeKind
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.subscription import Subscription, SubscriptionState
from servicekit.errors import Refused


class ChangeTiming(StrEnum):
    """When a plan change takes effect."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


class ScheduledChangeState(StrEnum):
    """What became of a scheduled change."""

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    WITHDRAWN = "WITHDRAWN"
    REFUSED = "REFUSED"  # the usage level exceeded a limit of the plan when it was due


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """A plan change that takes effect at the end of the period, even when that end moves; at most one a company.

    `due_at` is the end of the period while the change is pending, and the moment it was settled afterwards.
    """

    id: UUID
    company_id: UUID
    plan: Plan
    state: ScheduledChangeState
    due_at: datetime
    created_at: datetime
    action: Action
    outcome: str = ""


def timing(current: Subscription, wanted: Plan, asked: ChangeTiming | None, now: datetime) -> ChangeTiming:
    """When a plan change takes effect: as `asked`; by default now, but a downgrade at the end of a charged period.

    Refused when the company has that plan version, or when no period follows the end that it would wait for.
    """
    if (wanted.code, wanted.version) == (current.plan.code, current.plan.version):
        raise Refused(f"The company already has version {wanted.version} of {wanted.code}.")
    goes_on = current.state in {
        SubscriptionState.TRIAL,
        SubscriptionState.ACTIVE,
        SubscriptionState.PAST_DUE,
    } and not current.has_ended(now)
    if asked is ChangeTiming.PERIOD_END and not goes_on:
        state = current.state.words
        raise Refused(f"The subscription is {state}, so no period follows. Change the plan now, or renew it first.")
    if asked is None and goes_on and current.pays and wanted.is_downgrade_of(current.plan):
        return ChangeTiming.PERIOD_END
    return asked or ChangeTiming.NOW


def check_not_scheduled(pending: ScheduledChange, wanted: Plan) -> None:
    """Refused when the pending change leads to the same version; that one keeps its date, actor and reason."""
    if (wanted.code, wanted.version) == (pending.plan.code, pending.plan.version):
        raise Refused(
            f"The change to version {wanted.version} of {wanted.code} on {day(pending.due_at)} is already scheduled"
            f" (by {pending.action.actor}). To schedule it for another reason, withdraw it first."
        )


def apply_plan(current: Subscription, wanted: Plan, now: datetime) -> Change:
    """The plan from `now` on. The rest of a charged period is credited at the old price and charged at the new one."""
    charge = current.charge
    if not charge or now >= charge.until:
        return Change(ChangeKind.PLAN_CHANGED, now, current.changed(plan=wanted))
    old, new = current.plan.price_per_month.minor_units, wanted.price_per_month.minor_units
    spent = charge.spent(old, now)
    credit = line_items(LineItemKind.CREDIT, current.plan, spent.so_far() - charge.total(old), now, charge.until)
    balance = line_items(LineItemKind.CHARGE, wanted, spent.total(new) - spent.so_far(), now, charge.until)
    return Change(ChangeKind.PLAN_CHANGED, now, current.changed(plan=wanted, charge=spent), credit + balance)
