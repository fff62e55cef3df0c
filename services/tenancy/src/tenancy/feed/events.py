"""Company events as they travel."""

from google.protobuf.message import Message

from contracts.tenancy.v1 import events_pb2
from servicekit.events import OutgoingEvent
from tenancy.domain.events import CompanyCreated, CompanyEvent, CompanyKeyRotated, CompanyReactivated, CompanySuspended


def encode(event: CompanyEvent) -> OutgoingEvent:
    """The event on its subject, `tenancy.v1.company.<verb>`, which is also its type.

    Without a revision in the envelope: these events are a history, none replaces another.
    """
    verb, message = _message(event)
    name = f"tenancy.v1.company.{verb}"
    return OutgoingEvent(subject=name, type=name, payload=message.SerializeToString())


def _message(event: CompanyEvent) -> tuple[str, Message]:
    company_id, revision = str(event.company_id), event.revision
    match event:
        case CompanyCreated(plan_code=code):
            return "created", events_pb2.CompanyCreated(company_id=company_id, plan_code=code, revision=revision)
        case CompanySuspended():
            return "suspended", events_pb2.CompanySuspended(company_id=company_id, revision=revision)
        case CompanyReactivated():
            return "reactivated", events_pb2.CompanyReactivated(company_id=company_id, revision=revision)
        case CompanyKeyRotated():
            return "key_rotated", events_pb2.CompanyKeyRotated(company_id=company_id, revision=revision)
