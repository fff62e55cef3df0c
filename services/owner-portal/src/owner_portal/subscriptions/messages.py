"""billing's messages in the words of the domain, and back."""

from collections.abc import Mapping
from uuid import UUID

from contracts.billing.v1 import action_pb2, plans_pb2
from contracts.billing.v1 import billing_pb2 as pb
from contracts.billing.v1 import invoices_pb2 as invoices
from contracts.billing.v1 import subscriptions_pb2 as messages
from owner_portal.clients.actions import Action
from owner_portal.clients.timestamps import from_optional, from_timestamp
from owner_portal.directory.rules.companies import Plan, Status, Subscription
from owner_portal.subscriptions.rules.money import Line, Money, Payment
from owner_portal.subscriptions.rules.subscriptions import Resource, ScheduledChange, Shortage, SubscriptionRecord, Use

_STATES: Mapping[int, Status] = {
    pb.SUBSCRIPTION_STATE_TRIAL: Status.TRIAL,
    pb.SUBSCRIPTION_STATE_ACTIVE: Status.ACTIVE,
    pb.SUBSCRIPTION_STATE_PAST_DUE: Status.PAST_DUE,
    pb.SUBSCRIPTION_STATE_EXPIRED: Status.EXPIRED,
    pb.SUBSCRIPTION_STATE_CANCELLED: Status.CANCELLED,
}

_RESOURCES: Mapping[int, Resource] = {
    plans_pb2.RESOURCE_SEATS: Resource.SEATS,
    plans_pb2.RESOURCE_STORAGE_BYTES: Resource.STORAGE,
}


def to_action(action: Action) -> action_pb2.Action:
    """Who, why, and under which key."""
    return action_pb2.Action(actor=action.actor, reason=action.reason, idempotency_key=action.once)


def from_money(message: pb.Money) -> Money:
    """An amount."""
    return Money(message.minor_units, message.currency)


def to_money(money: Money) -> pb.Money:
    """An amount."""
    return pb.Money(minor_units=money.minor_units, currency=money.currency)


def from_plan(message: pb.Plan) -> Plan:
    """One version of a plan."""
    return Plan(
        code=message.code,
        version=message.version,
        name=message.name,
        price_minor_units=message.price_per_month.minor_units,
        currency=message.price_per_month.currency,
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
    )


def from_subscription(message: pb.Subscription) -> Subscription:
    """A subscription as of its revision."""
    return Subscription(
        company_id=UUID(message.company_id),
        plan_code=message.plan_code,
        plan_version=message.plan_version,
        state=_STATES[message.state],
        started_at=from_timestamp(message.started_at),
        expires_at=from_timestamp(message.expires_at),
        charged_until=from_optional(message, "charged_until"),
        price_minor_units=message.price_per_month.minor_units,
        monthly_revenue_minor_units=message.monthly_revenue.minor_units,
        currency=message.price_per_month.currency,
        seats=message.seats,
        storage_bytes=message.storage_bytes,
        screenshot_retention_days=message.screenshot_retention_days,
        revision=message.revision,
    )


def from_record(message: messages.SubscriptionRecord) -> SubscriptionRecord:
    """A row of the history."""
    return SubscriptionRecord(
        subscription=from_subscription(message.subscription),
        kind=messages.ChangeKind.Name(message.kind).removeprefix("CHANGE_KIND_"),
        changed_at=from_timestamp(message.changed_at),
        superseded_at=from_optional(message, "superseded_at"),
        actor=message.action.actor,
        reason=message.action.reason,
    )


def from_scheduled(message: messages.ScheduledChange) -> ScheduledChange:
    """What waits, or came of it."""
    return ScheduledChange(
        change_id=UUID(message.id),
        plan=from_plan(message.plan),
        state=messages.ScheduledChangeState.Name(message.state).removeprefix("SCHEDULED_CHANGE_STATE_"),
        due_at=from_timestamp(message.due_at),
        created_at=from_timestamp(message.created_at),
        actor=message.action.actor,
        reason=message.action.reason,
        outcome=message.outcome,
    )


def from_line(message: invoices.InvoiceLine) -> Line:
    """A charge or credit; one of a preview was never issued."""
    return Line(
        amount=from_money(message.amount),
        plan_code=message.plan_code,
        covers_from=from_timestamp(message.covers_from),
        covers_until=from_timestamp(message.covers_until),
        issued_at=from_optional(message, "issued_at"),
        line_id=message.id,
    )


def from_payment(message: invoices.Payment) -> Payment:
    """Money that has arrived, or was taken back."""
    return Payment(
        payment_id=UUID(message.id),
        amount=from_money(message.amount),
        method=message.method,
        reference=message.reference,
        received_at=from_timestamp(message.received_at),
        recorded_at=from_timestamp(message.recorded_at),
        actor=message.action.actor,
        reason=message.action.reason,
        reverses=UUID(message.reverses) if message.reverses else None,
        is_reversed=message.is_reversed,
    )


def from_use(message: plans_pb2.Use) -> Use:
    """What is in use."""
    return Use(seats=message.seats, storage_bytes=message.storage_bytes)


def from_shortage(message: plans_pb2.Shortage) -> Shortage:
    """A limit that is too low."""
    return Shortage(_RESOURCES[message.resource], message.in_use, message.limit)
