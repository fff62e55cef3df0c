"""Subscriptions and their events between the contract's messages and the rules.

States and kinds of changes have the same names in the contract as in the rules.
"""

from collections.abc import Iterable

from billing.actions.messages import to_action
from billing.fields.messages import to_money, to_optional_timestamp, to_timestamp
from billing.invoices.messages import to_line
from billing.invoices.rules import Line
from billing.plans.messages import to_plan
from billing.subscriptions.rules.changes import Record
from billing.subscriptions.rules.events import EntitlementChanged, Event, SubscriptionExtended, SubscriptionStarted
from billing.subscriptions.rules.plan_change import ScheduledChange, Timing
from billing.subscriptions.rules.subscription import Entitlement, State, Subscription
from contracts.billing.v1 import billing_pb2, events_pb2, invoices_pb2, subscriptions_pb2
from servicekit.errors import InvalidInput
from servicekit.events import OutgoingEvent

_TIMINGS = {
    subscriptions_pb2.CHANGE_TIMING_UNSPECIFIED: None,
    subscriptions_pb2.CHANGE_TIMING_NOW: Timing.NOW,
    subscriptions_pb2.CHANGE_TIMING_PERIOD_END: Timing.PERIOD_END,
}


def from_timing(timing: "subscriptions_pb2.ChangeTiming.ValueType") -> Timing | None:
    """When a plan change is to take effect; None: as the rules decide. InvalidInput for an unknown value."""
    if timing not in _TIMINGS:
        raise InvalidInput(f"Timing {timing} is unknown: give one of {', '.join(map(str, _TIMINGS))}.")
    return _TIMINGS[timing]


def to_monthly_revenue(subscription: Subscription) -> billing_pb2.Money:
    """What a subscription adds to the MRR."""
    currency = subscription.plan.price_per_month.currency
    return billing_pb2.Money(minor_units=subscription.monthly_revenue, currency=currency)


def to_state(state: State) -> "billing_pb2.SubscriptionState.ValueType":
    """The state of a subscription."""
    return billing_pb2.SubscriptionState.Value(f"SUBSCRIPTION_STATE_{state}")


def to_subscription(record: Record) -> billing_pb2.Subscription:
    """A subscription with the price and limits of its plan version."""
    current = record.subscription
    return billing_pb2.Subscription(
        company_id=str(current.company_id),
        plan_code=current.plan.code,
        plan_version=current.plan.version,
        state=to_state(current.state),
        started_at=to_timestamp(current.started_at),
        expires_at=to_timestamp(current.expires_at),
        price_per_month=to_money(current.plan.price_per_month),
        seats=current.plan.seats,
        storage_bytes=current.plan.storage_bytes,
        screenshot_retention_days=current.plan.screenshot_retention_days,
        revision=record.revision,
        charged_until=to_timestamp(current.charge.until) if current.charge else None,
        monthly_revenue=to_monthly_revenue(current),
    )


def to_record(record: Record) -> subscriptions_pb2.SubscriptionRecord:
    """A row of the subscription history."""
    return subscriptions_pb2.SubscriptionRecord(
        subscription=to_subscription(record),
        kind=subscriptions_pb2.ChangeKind.Value(f"CHANGE_KIND_{record.kind}"),
        changed_at=to_timestamp(record.at),
        superseded_at=to_optional_timestamp(record.superseded_at),
        recorded_at=to_timestamp(record.recorded_at),
        action=to_action(record.action),
    )


def to_scheduled_change(change: ScheduledChange) -> subscriptions_pb2.ScheduledChange:
    """A scheduled change, or what became of it."""
    return subscriptions_pb2.ScheduledChange(
        id=str(change.id),
        company_id=str(change.company_id),
        plan=to_plan(change.plan),
        state=subscriptions_pb2.ScheduledChangeState.Value(f"SCHEDULED_CHANGE_STATE_{change.state}"),
        due_at=to_timestamp(change.due_at),
        created_at=to_timestamp(change.created_at),
        action=to_action(change.action),
        outcome=change.outcome,
    )


def to_new_lines(record: Record, lines: Iterable[Line]) -> list[invoices_pb2.InvoiceLine]:
    """The invoice lines of the change that made the record."""
    messages = [to_line(record.company_id, line, record.at) for line in lines]
    for message in messages:
        message.revision = record.revision
    return messages


def to_entitlement(entitlement: Entitlement, revision: int) -> billing_pb2.Entitlement:
    """Until when a company has access, and its limits."""
    return billing_pb2.Entitlement(
        company_id=str(entitlement.company_id),
        access_until=to_timestamp(entitlement.access_until),
        seats=entitlement.seats,
        storage_bytes=entitlement.storage_bytes,
        screenshot_retention_days=entitlement.screenshot_retention_days,
        revision=revision,
    )


def encode(event: Event) -> OutgoingEvent:
    """The message that carries the event; its type is its subject."""
    match event:
        case SubscriptionStarted(company_id=company_id, revision=revision):
            subject = "billing.v1.subscription.started"
            payload = events_pb2.SubscriptionStarted(company_id=str(company_id), revision=revision).SerializeToString()
        case SubscriptionExtended(company_id=company_id, revision=revision):
            subject = "billing.v1.subscription.extended"
            payload = events_pb2.SubscriptionExtended(company_id=str(company_id), revision=revision).SerializeToString()
        case EntitlementChanged(entitlement=entitlement, revision=revision):
            subject = "billing.v1.entitlement.changed"
            message = events_pb2.EntitlementChanged(entitlement=to_entitlement(entitlement, revision))
            payload = message.SerializeToString()
    return OutgoingEvent(subject=subject, type=subject, payload=payload)
