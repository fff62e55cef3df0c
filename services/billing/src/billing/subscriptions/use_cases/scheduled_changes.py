"""Changes of plan that wait for the end of a period: listed, withdrawn."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.subscriptions.rules.dates import day
from billing.subscriptions.rules.plan_change import ScheduledChange, ScheduledState
from billing.subscriptions.store import scheduled_changes
from billing.subscriptions.use_cases.periods import standing
from billing.subscriptions.use_cases.record_changes import Encode
from servicekit.errors import NotFound, Refused


async def list_scheduled_changes(
    engine: AsyncEngine, *, company_id: UUID | None, settled_too: bool, after: UUID | None, limit: int
) -> list[ScheduledChange]:
    """Up to `limit` of one company or of all, oldest first, after one; with `settled_too` also what came of others."""
    async with engine.begin() as tx:
        return await scheduled_changes.page(
            tx, company_id=company_id, settled_too=settled_too, after=after, limit=limit
        )


async def cancel_scheduled_change(
    engine: AsyncEngine,
    encode: Encode,
    *,
    request: OwnerRequest,
    change_id: UUID,
    company_id: UUID | None = None,
    now: datetime,
) -> ScheduledChange:
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

    return await carry_out(engine, request, act)


async def _find(tx: AsyncConnection, change_id: UUID) -> ScheduledChange:
    change = await scheduled_changes.find(tx, change_id)
    if change is None:
        raise NotFound(f"There is no scheduled change {change_id}.")
    return change
