"""A company gets another plan, now or at the end of its period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices.rules import Line
from billing.limits import store as usage
from billing.limits.rules import Shortage, Use, refuse_shortages, shortages
from billing.plans import store as plans
from billing.plans.rules import Plan
from billing.subscriptions.rules.changes import Change, Record
from billing.subscriptions.rules.plan_change import (
    ScheduledChange,
    ScheduledState,
    Timing,
    apply_plan,
    refuse_repetition,
    timing,
)
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.periods import find, must_be_open, standing
from billing.subscriptions.use_cases.record_changes import Encode, record
from servicekit.errors import NotFound
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class Decision:
    """`change` is what is done at `change.at`: now, or at the end of the period as it is known today.

    `default` is when it would be done if nobody asked for a moment.
    """

    current: Record
    plan: Plan
    timing: Timing
    default: Timing
    change: Change
    in_use: Use
    shortages: Sequence[Shortage]


async def decide_plan_change(
    tx: AsyncConnection, current: Record, *, code: str, version: int, asked: Timing | None, at: datetime
) -> Decision:
    """For version 0 the newest one. NotFound when there is no such plan.

    Refused as `plan_change.timing` says, and when the company was closed.
    """
    await must_be_open(tx, current.company_id)
    plan = await plans.find(tx, code, version)
    if plan is None:
        wanted = f"{code} version {version}" if version else code
        raise NotFound(f"There is no plan {wanted}: choose one that is on offer.")
    subscription = current.subscription
    when = timing(subscription, plan, asked, at)
    default = timing(subscription, plan, None, at)
    change = apply_plan(subscription, plan, at if when is Timing.NOW else subscription.expires_at)
    in_use = (await usage.newest_of(tx, [current.company_id])).get(current.company_id, Use())
    return Decision(current, plan, when, default, change, in_use, shortages(subscription.plan, plan, in_use))


async def preview_plan_change(
    engine: AsyncEngine, *, company_id: UUID, code: str, version: int, asked: Timing | None, now: datetime
) -> Decision:
    """The decision, shortages included; NotFound and Refused as ChangePlan would."""
    async with engine.begin() as tx:
        current = await find(tx, company_id)
        at = max(now, current.at)
        return await decide_plan_change(tx, current, code=code, version=version, asked=asked, at=at)


@dataclass(frozen=True, slots=True)
class Changed:
    """The subscription after a call, what was charged or credited, and what was scheduled instead."""

    record: Record
    lines: Sequence[Line] = ()
    scheduled: ScheduledChange | None = None


async def change_plan(
    engine: AsyncEngine,
    encode: Encode,
    *,
    request: OwnerRequest,
    company_id: UUID,
    code: str,
    version: int,
    asked: Timing | None,
    now: datetime,
) -> Changed:
    """Changes the plan or schedules it; either takes the place of a change that was scheduled before.

    NotFound without subscription or plan; Refused with the numbers when limits would be lower than what is in use,
    as `plan_change.timing` says, and when that very change is scheduled already.
    """

    async def act(tx: AsyncConnection) -> Changed:
        current, at = await standing(tx, encode, company_id, now)
        decision = await decide_plan_change(tx, current, code=code, version=version, asked=asked, at=at)
        refuse_shortages(decision.plan, decision.shortages)
        waits = (await scheduled_changes.pending_of(tx, [company_id])).get(company_id)
        if waits is not None and decision.timing is Timing.PERIOD_END:
            refuse_repetition(waits, decision.plan)
        outcome = f"replaced by a change to {decision.plan.code}"
        await scheduled_changes.settle(tx, company_id, ScheduledState.WITHDRAWN, at, outcome)
        if decision.timing is Timing.PERIOD_END:
            waiting = ScheduledChange(
                id=new_id(),
                company_id=company_id,
                plan=decision.plan,
                state=ScheduledState.PENDING,
                due_at=decision.change.at,
                created_at=at,
                action=request.action,
            )
            await scheduled_changes.add(tx, waiting)
            return Changed(current, scheduled=waiting)
        step = (current.subscription, decision.change)
        (after,) = await record(tx, encode, [step], action=request.action, now=now)
        return Changed(after, decision.change.lines)

    return await carry_out(engine, request, act)
