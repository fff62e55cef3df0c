"""What the service publishes, as the contract writes it."""

from billing.subscriptions.rules.events import EntitlementChanged, Event, SubscriptionExtended, SubscriptionStarted
from contracts.billing.v1 import events_pb2
from contracts.billing.v1.billing_pb2 import Entitlement
from servicekit.events import OutgoingEvent

STREAM = "BILLING"


def encode(event: Event) -> OutgoingEvent:
    """The message that carries the event; its type is its subject."""
    match event:
        case SubscriptionStarted(company_id=company_id, revision=revision):
            subject = "billing.v1.subscription.started"
            payload = events_pb2.SubscriptionStarted(company_id=str(company_id), revision=revision).SerializeToString()
        case SubscriptionExtended(company_id=company_id, revision=revision):
            subject = "billing.v1.subscription.extended"
            payload = events_pb2.SubscriptionExtended(company_id=str(company_id), revision=revision).SerializeToString()
        case EntitlementChanged():
            subject = "billing.v1.entitlement.changed"
            payload = _entitlement_changed(event).SerializeToString()
    return OutgoingEvent(subject=subject, type=subject, payload=payload)


def _entitlement_changed(event: EntitlementChanged) -> events_pb2.EntitlementChanged:
    granted = event.entitlement
    message = Entitlement(
        company_id=str(granted.company_id),
        seats=granted.seats,
        storage_bytes=granted.storage_bytes,
        screenshot_retention_days=granted.screenshot_retention_days,
        revision=event.revision,
    )
    message.access_until.FromDatetime(granted.access_until)
    return events_pb2.EntitlementChanged(entitlement=message)
