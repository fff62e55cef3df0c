"""A company gets another plan, now or at the end of its period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.limits.rules.limits import refuse_shortages
from billing.subscriptions.rules.change import Line, Record
from billing.subscriptions.rules.plan_change import ScheduledChange, ScheduledState, Timing, refuse_repetition
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.decide_plan_change import decide_plan_change
from billing.subscriptions.use_cases.recording import record
from billing.subscriptions.use_cases.standing import standing
from servicekit.ids import new_id


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
    request: Request[Changed],
    company_id: UUID,
    code: str,
    version: int,
    asked: Timing | None,
    now: datetime,
) -> bytes:
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

    return await once(engine, request, act)
