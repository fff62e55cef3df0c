"""Rows of the subscriptions' history as values: what all statements that read them have in common."""

from sqlalchemy import Row

from billing.actions.rules.action import Action
from billing.plans.store import plans
from billing.subscriptions.rules.change import Kind, Record
from billing.subscriptions.rules.charge import Charge
from billing.subscriptions.rules.subscription import State, Subscription

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
