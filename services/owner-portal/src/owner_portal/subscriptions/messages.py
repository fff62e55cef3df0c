"""Translates billing's messages about subscriptions, invoice lines and payments."""

from uuid import UUID

from contracts.billing.v1 import invoices_pb2 as invoices
from contracts.billing.v1 import plans_pb2
from contracts.billing.v1 import subscriptions_pb2 as messages
from owner_portal.clients.timestamps import from_optional, from_timestamp
from owner_portal.directory.messages import from_subscription
from owner_portal.plans.messages import from_money, from_plan
from owner_portal.subscriptions.rules.payments import Line, Payment
from owner_portal.subscriptions.rules.subscriptions import ScheduledChange, SubscriptionRecord, UsageLevels


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
    """A scheduled change."""
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
    """A charge or credit; one of a preview has no issue date."""
    return Line(
        amount=from_money(message.amount),
        plan_code=message.plan_code,
        covers_from=from_timestamp(message.covers_from),
        covers_until=from_timestamp(message.covers_until),
        issued_at=from_optional(message, "issued_at"),
        line_id=message.id,
    )


def from_payment(message: invoices.Payment) -> Payment:
    """A payment or a reversal."""
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


def from_use(message: plans_pb2.Use) -> UsageLevels:
    """Usage levels."""
    return UsageLevels(seats=message.seats, storage_bytes=message.storage_bytes)
