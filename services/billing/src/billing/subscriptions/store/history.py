"""Subscriptions: each change is a new row that is never changed again, but for the moment it is superseded."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules import Action
from billing.plans import store as plans
from billing.subscriptions.rules.changes import Change, Kind, Record
from billing.subscriptions.rules.movements import movement, revenue_change
from billing.subscriptions.rules.proration import Charge
from billing.subscriptions.rules.subscription import RUNNING, State, Subscription

COLUMNS = f"""
    s.company_id, s.revision, s.kind, s.state, s.started_at, s.expires_at, s.charged_until, s.charged_since,
    s.charge_accrued, s.billing_day, s.has_paid, s.changed_at, s.superseded_at, s.recorded_at, s.actor, s.reason,
    {plans.COLUMNS}
"""

SELECT = f"""
    SELECT {COLUMNS}
    FROM subscription s JOIN plan_version p ON (p.code, p.version) = (s.plan_code, s.plan_version)
"""


def from_row(row: Row[tuple[object, ...]]) -> Record:
    """The record in a row that has all of COLUMNS."""
    return Record(
        revision=row.revision,
        kind=Kind(row.kind),
        at=row.changed_at,
        superseded_at=row.superseded_at,
        recorded_at=row.recorded_at,
        action=Action(row.actor, row.reason),
        subscription=Subscription(
            company_id=row.company_id,
            plan=plans.from_row(row),
            state=State(row.state),
            started_at=row.started_at,
            expires_at=row.expires_at,
            charge=_charge(row),
            has_paid=row.has_paid,
        ),
    )


def _charge(row: Row[tuple[object, ...]]) -> Charge | None:
    if row.charged_until is None:
        return None
    return Charge(row.started_at, row.charged_until, row.charged_since, int(row.charge_accrued), row.billing_day)


_SELECT_CURRENT = f"{SELECT} WHERE s.superseded_at IS NULL"

# Written out, not a parameter: so the planner knows that the partial index on the ends holds all of them.
_RUNNING = ", ".join(f"'{state}'" for state in sorted(RUNNING))

_CURRENT = text(f"{_SELECT_CURRENT} AND s.company_id = ANY(:company_ids)")

_ENDED = text(f"""
    {_SELECT_CURRENT} AND s.state IN ({_RUNNING}) AND s.expires_at <= :now
    ORDER BY s.expires_at LIMIT :limit
""")

_CHANGED_AFTER = text(f"{_SELECT_CURRENT} AND s.revision > :after ORDER BY s.revision LIMIT :limit")

_WITH_ACCESS = text(f"""
    {_SELECT_CURRENT} AND s.plan_code = :code AND s.expires_at > :now
    AND NOT EXISTS (SELECT FROM closing c WHERE c.company_id = s.company_id)
    AND (CAST(:after AS uuid) IS NULL OR s.company_id > :after) ORDER BY s.company_id LIMIT :limit
""")

_AT = text(f"""
    {SELECT} WHERE s.company_id = :company_id AND s.changed_at <= :at
    AND (s.superseded_at > :at OR s.superseded_at IS NULL)
""")

_HISTORY = text(f"""
    {SELECT} WHERE s.company_id = :company_id AND (:before = 0 OR s.revision < :before)
    ORDER BY s.revision DESC LIMIT :limit
""")

_RETIRE = text("""
    UPDATE subscription s SET superseded_at = n.at
    FROM unnest(CAST(:company_ids AS uuid[]), CAST(:moments AS timestamptz[])) n (company_id, at)
    WHERE s.company_id = n.company_id AND s.superseded_at IS NULL
""")

_ADD = text("""
    INSERT INTO subscription
        (company_id, revision, kind, plan_code, plan_version, state, started_at, expires_at, charged_until,
         charged_since, charge_accrued, billing_day, has_paid, monthly_revenue, revenue_change, movement, actor, reason,
         changed_at)
    VALUES
        (:company_id, :revision, :kind, :plan_code, :plan_version, :state, :started_at, :expires_at, :charged_until,
         :charged_since, :charge_accrued, :billing_day, :has_paid, :monthly_revenue, :revenue_change, :movement, :actor,
         :reason, :changed_at)
""")


async def current(tx: AsyncConnection, company_id: UUID) -> Record | None:
    """The company's subscription as it is now; None when it has none yet."""
    return next(iter(await current_of(tx, [company_id])), None)


async def current_of(tx: AsyncConnection, company_ids: Sequence[UUID]) -> list[Record]:
    """The companies' subscriptions as they are now, in no order; those that have none are left out."""
    return [from_row(row) for row in await tx.execute(_CURRENT, {"company_ids": list(company_ids)})]


async def ended(tx: AsyncConnection, *, now: datetime, limit: int) -> list[Record]:
    """Up to `limit` subscriptions that are still in a running state although their period is over, oldest first."""
    return [from_row(row) for row in await tx.execute(_ENDED, {"now": now, "limit": limit})]


async def changed_after(tx: AsyncConnection, revision: int, *, limit: int) -> list[Record]:
    """Up to `limit` current subscriptions whose last change came after `revision`, oldest change first."""
    return [from_row(row) for row in await tx.execute(_CHANGED_AFTER, {"after": revision, "limit": limit})]


async def with_access(
    tx: AsyncConnection, plan_code: str, *, now: datetime, after: UUID | None, limit: int | None
) -> list[Record]:
    """Subscriptions of any version of a plan whose period is not over, by company, after one; no limit: all.

    Those of closed companies are left out.
    """
    values = {"code": plan_code, "now": now, "after": after, "limit": limit}
    return [from_row(row) for row in await tx.execute(_WITH_ACCESS, values)]


async def at(tx: AsyncConnection, company_id: UUID, moment: datetime) -> Record | None:
    """What held at that moment; None before the company's first subscription."""
    row = (await tx.execute(_AT, {"company_id": company_id, "at": moment})).one_or_none()
    return None if row is None else from_row(row)


async def history(tx: AsyncConnection, company_id: UUID, *, before: int, limit: int) -> list[Record]:
    """Up to `limit` rows of the company older than a revision (0: from the newest on), newest first."""
    rows = await tx.execute(_HISTORY, {"company_id": company_id, "before": before, "limit": limit})
    return [from_row(row) for row in rows]


async def record(
    tx: AsyncConnection, steps: Sequence[tuple[Subscription | None, Change]], revisions: Sequence[int], action: Action
) -> None:
    """Makes these (what it was, its change) the current ones of their companies, each under its revision.

    A company has one of them at most. The caller holds the clock's lock.
    """
    moments = {change.after.company_id: change.at for _, change in steps}
    await tx.execute(_RETIRE, {"company_ids": list(moments), "moments": list(moments.values())})
    rows = [_row(before, change, revision) for (before, change), revision in zip(steps, revisions, strict=True)]
    await tx.execute(_ADD, [row | {"actor": action.actor, "reason": action.reason} for row in rows])


def _row(before: Subscription | None, change: Change, revision: int) -> dict[str, object]:
    after, charge = change.after, change.after.charge
    return {
        "company_id": after.company_id,
        "revision": revision,
        "kind": change.kind,
        "plan_code": after.plan.code,
        "plan_version": after.plan.version,
        "state": after.state,
        "started_at": after.started_at,
        "expires_at": after.expires_at,
        "charged_until": charge and charge.until,
        "charged_since": charge and charge.since,
        "charge_accrued": charge and charge.accrued,
        "billing_day": charge and charge.billing_day,
        "has_paid": after.has_paid,
        "monthly_revenue": after.monthly_revenue,
        "revenue_change": revenue_change(before, after),
        "movement": movement(before, after),
        "changed_at": change.at,
    }
