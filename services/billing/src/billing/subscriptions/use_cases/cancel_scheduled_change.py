"""A scheduled change will not happen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.money.rules.wording import day
from billing.subscriptions.rules.plan_change import ScheduledChange, ScheduledState
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.standing import standing
from servicekit.errors import NotFound, Refused


async def cancel_scheduled_change(
    engine: AsyncEngine,
    encode: Encode,
    *,
    request: Request[ScheduledChange],
    change_id: UUID,
    company_id: UUID | None = None,
    now: datetime,
) -> bytes:
    """Withdraws it. NotFound when there is none, or it is not one of `company_id`'s.

    Refused when it is settled already, also by a period just over.
    """

    async def act(tx: AsyncConnection) -> ScheduledChange:
        change = await _find(tx, change_id)
        if company_id not in {None, change.company_id}:
            raise NotFound(f"Company {company_id} has no scheduled change {change_id}.")
        _, at = await standing(tx, encode, change.company_id, now)
        change = await _find(tx, change_id)
        if change.state is not ScheduledState.PENDING:
            settled = f"{change.state.lower()} on {day(change.due_at)}"
            raise Refused(f"The change was {settled}: nothing is scheduled any more.")
        outcome = f"withdrawn by {request.action.actor}: {request.action.reason}"
        await scheduled_changes.settle(tx, change.company_id, ScheduledState.WITHDRAWN, at, outcome)
        return await _find(tx, change_id)

    return await once(engine, request, act)


async def _find(tx: AsyncConnection, change_id: UUID) -> ScheduledChange:
    change = await scheduled_changes.find(tx, change_id)
    if change is None:
        raise NotFound(f"There is no scheduled change {change_id}.")
    return change
