"""Plan changes: previewed, made now, or scheduled for the end of the period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices.rules import LineItem
from billing.limits import store as usage
from billing.limits.rules import LimitViolation, UsageLevel, check_limits, limit_violations
from billing.plans import store as plans
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, SubscriptionRecord
from billing.subscriptions.rules.plan_change import (
    ChangeTiming,
    ScheduledChange,
    ScheduledChangeState,
    apply_plan,
    check_not_scheduled,
    timing,
)
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.periods import load_current, load_record, require_open_company
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import NotFound
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class PlanChangeDecision:
    """What a plan change would do: `change` takes effect at `change.at`, now or at the present end of the period.

    `default` is the timing without an explicit choice.
    """

    current: SubscriptionRecord
    plan: Plan
    timing: ChangeTiming
    default: ChangeTiming
    change: Change
    in_use: UsageLevel
    violations: Sequence[LimitViolation]


async def decide_plan_change(
    tx: AsyncConnection,
    current: SubscriptionRecord,
    *,
    code: str,
    version: int,
    asked: ChangeTiming | None,
    at: datetime,
) -> PlanChangeDecision:
    """Decides on a change to a version of a plan, 0 for the newest. NotFound without that plan or version.

    Refused as by `plan_change.timing`, and when the company was closed.
    """
    await require_open_company(tx, current.company_id)
    plan = await plans.find(tx, code, version)
    if plan is None:
        wanted = f"{code} version {version}" if version else code
        raise NotFound(f"There is no plan {wanted}: choose one that is on offer.")
    subscription = current.subscription
    when = timing(subscription, plan, asked, at)
    default = timing(subscription, plan, None, at)
    change = apply_plan(subscription, plan, at if when is ChangeTiming.NOW else subscription.expires_at)
    in_use = (await usage.newest_of(tx, [current.company_id])).get(current.company_id, UsageLevel())
    return PlanChangeDecision(
        current, plan, when, default, change, in_use, limit_violations(subscription.plan, plan, in_use)
    )


async def preview_plan_change(
    engine: AsyncEngine, *, company_id: UUID, code: str, version: int, asked: ChangeTiming | None, now: datetime
) -> PlanChangeDecision:
    """The decision with its limit violations; NotFound and Refused as for ChangePlan."""
    async with engine.begin() as tx:
        current = await load_record(tx, company_id)
        at = max(now, current.at)
        return await decide_plan_change(tx, current, code=code, version=version, asked=asked, at=at)


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The subscription after an owner action, its line items, and the change that was scheduled instead."""

    record: SubscriptionRecord
    lines: Sequence[LineItem] = ()
    scheduled: ScheduledChange | None = None


async def change_plan(
    engine: AsyncEngine,
    encode: Encode,
    *,
    request: OwnerRequest,
    company_id: UUID,
    code: str,
    version: int,
    asked: ChangeTiming | None,
    now: datetime,
) -> ChangeResult:
    """Changes the plan or schedules the change; either replaces a scheduled change.

    NotFound without a subscription or plan; Refused for limit violations, as by `plan_change.timing`, and when the same
    change is already scheduled.
    """

    async def act(tx: AsyncConnection) -> ChangeResult:
        current, at = await load_current(tx, encode, company_id, now)
        decision = await decide_plan_change(tx, current, code=code, version=version, asked=asked, at=at)
        check_limits(decision.plan, decision.violations)
        pending = (await scheduled_changes.pending_of(tx, [company_id])).get(company_id)
        if pending is not None and decision.timing is ChangeTiming.PERIOD_END:
            check_not_scheduled(pending, decision.plan)
        outcome = f"replaced by a change to {decision.plan.code}"
        await scheduled_changes.settle(tx, company_id, ScheduledChangeState.WITHDRAWN, at, outcome)
        if decision.timing is ChangeTiming.PERIOD_END:
            waiting = ScheduledChange(
                id=new_id(),
                company_id=company_id,
                plan=decision.plan,
                state=ScheduledChangeState.PENDING,
                due_at=decision.change.at,
                created_at=at,
                action=request.action,
            )
            await scheduled_changes.add(tx, waiting)
            return ChangeResult(current, scheduled=waiting)
        step = (current.subscription, decision.change)
        (after,) = await record_changes(tx, encode, [step], action=request.action, now=now)
        return ChangeResult(after, decision.change.lines)

    return await carry_out(engine, request, act)
