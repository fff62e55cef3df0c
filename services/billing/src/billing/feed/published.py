"""What the service publishes, as the contract writes it."""

from billing.domain.events import Event, SubscriptionExtended, SubscriptionStarted
from contracts.billing.v1 import events_pb2
from servicekit.events import OutgoingEvent

STREAM = "BILLING"


def encode(event: Event) -> OutgoingEvent:
    """The message that carries the event; its type is its subject."""
    company_id = str(event.company_id)
    match event:
        case SubscriptionStarted(revision=revision):
            subject = "billing.v1.subscription.started"
            payload = events_pb2.SubscriptionStarted(company_id=company_id, revision=revision).SerializeToString()
        case SubscriptionExtended(revision=revision):
            subject = "billing.v1.subscription.extended"
            payload = events_pb2.SubscriptionExtended(company_id=company_id, revision=revision).SerializeToString()
    return OutgoingEvent(subject=subject, type=subject, payload=payload)
