"""Values of the domain as messages of the contract."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from billing.actions.rules.action import Action
from billing.limits.rules.limits import Resource, Shortage, Use
from billing.money.rules.money import Money
from billing.plans.rules.plan import Plan
from billing.subscriptions.rules.change import Record
from billing.subscriptions.rules.plan_change import ScheduledChange
from billing.subscriptions.rules.revised import Revised
from billing.subscriptions.rules.subscription import Entitlement, State, Subscription
from contracts.billing.v1 import action_pb2, billing_pb2, plans_pb2, subscriptions_pb2

_RESOURCES = {
    Resource.SEATS: plans_pb2.RESOURCE_SEATS,
    Resource.STORAGE_BYTES: plans_pb2.RESOURCE_STORAGE_BYTES,
}


def money(amount: Money) -> billing_pb2.Money:
    """An amount of money."""
    return billing_pb2.Money(minor_units=amount.minor_units, currency=amount.currency)


def timestamp(moment: datetime) -> Timestamp:
    """An aware moment."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def action(value: Action) -> action_pb2.Action:
    """Who and why."""
    return action_pb2.Action(actor=value.actor, reason=value.reason)


def plan(offer: Plan) -> billing_pb2.Plan:
    """A plan version."""
    return billing_pb2.Plan(
        code=offer.code,
        version=offer.version,
        name=offer.name,
        price_per_month=money(offer.price_per_month),
        seats=offer.seats,
        storage_bytes=offer.storage_bytes,
        screenshot_retention_days=offer.screenshot_retention_days,
    )


def monthly_revenue(current: Subscription) -> billing_pb2.Money:
    """What a subscription adds to the MRR."""
    return billing_pb2.Money(minor_units=current.monthly_revenue, currency=current.plan.price_per_month.currency)


def state(value: State) -> "billing_pb2.SubscriptionState.ValueType":
    """Where a subscription stands; states, as all kinds of things, have the same names there as here."""
    return billing_pb2.SubscriptionState.Value(f"SUBSCRIPTION_STATE_{value}")


def subscription(record: Record) -> billing_pb2.Subscription:
    """A subscription with the price and limits of its plan version."""
    current = record.subscription
    return billing_pb2.Subscription(
        company_id=str(current.company_id),
        plan_code=current.plan.code,
        plan_version=current.plan.version,
        state=state(current.state),
        started_at=timestamp(current.started_at),
        expires_at=timestamp(current.expires_at),
        price_per_month=money(current.plan.price_per_month),
        seats=current.plan.seats,
        storage_bytes=current.plan.storage_bytes,
        screenshot_retention_days=current.plan.screenshot_retention_days,
        revision=record.revision,
        charged_until=timestamp(current.charge.until) if current.charge else None,
        monthly_revenue=monthly_revenue(current),
    )


def record(value: Record) -> subscriptions_pb2.SubscriptionRecord:
    """A row of the history."""
    return subscriptions_pb2.SubscriptionRecord(
        subscription=subscription(value),
        kind=subscriptions_pb2.ChangeKind.Value(f"CHANGE_KIND_{value.kind}"),
        changed_at=timestamp(value.at),
        superseded_at=timestamp(value.superseded_at) if value.superseded_at else None,
        recorded_at=timestamp(value.recorded_at),
        action=action(value.action),
    )


def entitlement(change: Revised[Entitlement]) -> billing_pb2.Entitlement:
    """Limits and the end of access."""
    return billing_pb2.Entitlement(
        company_id=str(change.value.company_id),
        access_until=timestamp(change.value.access_until),
        seats=change.value.seats,
        storage_bytes=change.value.storage_bytes,
        screenshot_retention_days=change.value.screenshot_retention_days,
        revision=change.revision,
    )


def use(value: Use) -> plans_pb2.Use:
    """Seats and storage in use."""
    return plans_pb2.Use(seats=value.seats, storage_bytes=value.storage_bytes)


def shortages(values: Sequence[Shortage]) -> list[plans_pb2.Shortage]:
    """Limits that would be too low."""
    return [
        plans_pb2.Shortage(resource=_RESOURCES[each.resource], in_use=each.in_use, limit=each.limit) for each in values
    ]


def scheduled(change: ScheduledChange) -> subscriptions_pb2.ScheduledChange:
    """A change that waits, or what came of it."""
    return subscriptions_pb2.ScheduledChange(
        id=str(change.id),
        company_id=str(change.company_id),
        plan=plan(change.plan),
        state=subscriptions_pb2.ScheduledChangeState.Value(f"SCHEDULED_CHANGE_STATE_{change.state}"),
        due_at=timestamp(change.due_at),
        created_at=timestamp(change.created_at),
        action=action(change.action),
        outcome=change.outcome,
    )
