"""Subscriptions: each change is a new row that is never changed again; the newest one of a company is marked."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.domain.revised import Revised
from billing.domain.subscription import RUNNING, State, Subscription
from billing.store import plans

_SELECT_CURRENT = f"""
    SELECT s.company_id, s.revision, s.state, s.started_at, s.expires_at, {plans.COLUMNS}
    FROM subscription s JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
    WHERE s.is_current
"""

# Written out, not a parameter: so the planner knows that the partial index on the ends holds all of them.
_RUNNING = ", ".join(f"'{state}'" for state in sorted(RUNNING))

_CURRENT = text(f"{_SELECT_CURRENT} AND s.company_id = :company_id")

_ENDED = text(f"""
    {_SELECT_CURRENT} AND s.state IN ({_RUNNING}) AND s.expires_at <= :now
    ORDER BY s.expires_at LIMIT :limit
""")

_CHANGED_AFTER = text(f"{_SELECT_CURRENT} AND s.revision > :after ORDER BY s.revision LIMIT :limit")

_RETIRE = text("UPDATE subscription SET is_current = false WHERE is_current AND company_id = ANY(:company_ids)")

_ADD = text("""
    INSERT INTO subscription
        (company_id, revision, plan_code, plan_version, state, started_at, expires_at, changed_at)
    VALUES (:company_id, :revision, :plan_code, :plan_version, :state, :started_at, :expires_at, :changed_at)
""")


async def current(tx: AsyncConnection, company_id: UUID) -> Subscription | None:
    """The company's subscription as it is now; None when it has none yet."""
    row = (await tx.execute(_CURRENT, {"company_id": company_id})).one_or_none()
    return None if row is None else _from_row(row).value


async def ended(tx: AsyncConnection, *, now: datetime, limit: int) -> list[Subscription]:
    """Up to `limit` subscriptions that are still in a running state although their period is over, oldest first."""
    rows = await tx.execute(_ENDED, {"now": now, "limit": limit})
    return [_from_row(row).value for row in rows]


async def changed_after(tx: AsyncConnection, revision: int, *, limit: int) -> list[Revised[Subscription]]:
    """Up to `limit` current subscriptions whose last change came after `revision`, oldest change first."""
    rows = await tx.execute(_CHANGED_AFTER, {"after": revision, "limit": limit})
    return [_from_row(row) for row in rows]


async def record(tx: AsyncConnection, changes: Sequence[Revised[Subscription]], *, changed_at: datetime) -> None:
    """Makes these the current ones of their companies. The caller holds the clock's lock."""
    await tx.execute(_RETIRE, {"company_ids": [change.value.company_id for change in changes]})
    rows = [
        {
            "company_id": change.value.company_id,
            "revision": change.revision,
            "plan_code": change.value.plan.code,
            "plan_version": change.value.plan.version,
            "state": change.value.state,
            "started_at": change.value.started_at,
            "expires_at": change.value.expires_at,
            "changed_at": changed_at,
        }
        for change in changes
    ]
    await tx.execute(_ADD, rows)


def _from_row(row: Row[tuple[object, ...]]) -> Revised[Subscription]:
    return Revised(
        row.revision,
        Subscription(
            company_id=row.company_id,
            plan=plans.from_row(row),
            state=State(row.state),
            started_at=row.started_at,
            expires_at=row.expires_at,
        ),
    )
