"""Changes of plan that wait for the end of a period; a company has one pending at most."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules import Action
from billing.plans import store as plans
from billing.subscriptions.rules.plan_change import ScheduledChange, ScheduledState

# A pending one is due when the company's current period ends.
_SELECT = f"""
    SELECT c.id, c.company_id, c.state, coalesce(c.settled_at, s.expires_at) AS due_at, c.created_at, c.actor, c.reason,
           c.outcome, {plans.COLUMNS}
    FROM scheduled_change c
    JOIN plan_version p ON (p.code, p.version) = (c.plan_code, c.plan_version)
    JOIN subscription s ON s.company_id = c.company_id AND s.superseded_at IS NULL
"""

_FIND = text(f"{_SELECT} WHERE c.id = :id")

_PENDING = text(f"{_SELECT} WHERE c.state = 'PENDING' AND c.company_id = ANY(:company_ids)")

_LIST = text(f"""
    {_SELECT}
    WHERE (CAST(:company_id AS uuid) IS NULL OR c.company_id = :company_id)
    AND (:settled_too OR c.state = 'PENDING')
    AND (CAST(:after AS uuid) IS NULL
         OR (c.created_at, c.id) > (SELECT a.created_at, a.id FROM scheduled_change a WHERE a.id = :after))
    ORDER BY c.created_at, c.id LIMIT :limit
""")

_ADD = text("""
    INSERT INTO scheduled_change (id, company_id, plan_code, plan_version, actor, reason, created_at)
    VALUES (:id, :company_id, :plan_code, :plan_version, :actor, :reason, :created_at)
""")

_SETTLE = text("""
    UPDATE scheduled_change SET state = :state, settled_at = :settled_at, outcome = :outcome
    WHERE company_id = :company_id AND state = 'PENDING'
""")


async def find(tx: AsyncConnection, change_id: UUID) -> ScheduledChange | None:
    """One of any state; None when there is none."""
    row = (await tx.execute(_FIND, {"id": change_id})).one_or_none()
    return None if row is None else _from_row(row)


async def pending_of(tx: AsyncConnection, company_ids: Sequence[UUID]) -> dict[UUID, ScheduledChange]:
    """Those that wait, by company."""
    rows = await tx.execute(_PENDING, {"company_ids": list(company_ids)})
    return {row.company_id: _from_row(row) for row in rows}


async def page(
    tx: AsyncConnection, *, company_id: UUID | None, settled_too: bool, after: UUID | None, limit: int
) -> list[ScheduledChange]:
    """Up to `limit` of one company or of all, oldest first, after one."""
    values = {"company_id": company_id, "settled_too": settled_too, "after": after, "limit": limit}
    return [_from_row(row) for row in await tx.execute(_LIST, values)]


async def add(tx: AsyncConnection, change: ScheduledChange) -> None:
    """Schedules it; the company's pending one was settled before."""
    values = {
        "id": change.id,
        "company_id": change.company_id,
        "plan_code": change.plan.code,
        "plan_version": change.plan.version,
        "actor": change.action.actor,
        "reason": change.action.reason,
        "created_at": change.created_at,
    }
    await tx.execute(_ADD, values)


async def settle(tx: AsyncConnection, company_id: UUID, state: ScheduledState, at: datetime, outcome: str = "") -> None:
    """Says what became of the company's pending change, if it has one."""
    await tx.execute(_SETTLE, {"company_id": company_id, "state": state, "settled_at": at, "outcome": outcome})


def _from_row(row: Row[tuple[object, ...]]) -> ScheduledChange:
    return ScheduledChange(
        id=row.id,
        company_id=row.company_id,
        plan=plans.from_row(row),
        state=ScheduledState(row.state),
        due_at=row.due_at,
        created_at=row.created_at,
        action=Action(row.actor, row.reason),
        outcome=row.outcome,
    )
