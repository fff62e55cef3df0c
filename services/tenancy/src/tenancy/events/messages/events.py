"""Company events as they travel."""

from google.protobuf.message import Message

from contracts.tenancy.v1 import events_pb2 as pb
from servicekit.events import OutgoingEvent
from tenancy.events.rules.events import (
    CompanyClosed,
    CompanyCreated,
    CompanyEvent,
    CompanyKeyRevoked,
    CompanyKeyRotated,
    CompanyPolicyChanged,
    CompanyReactivated,
    CompanySuspended,
    CompanyUpdated,
)
from tenancy.policies.messages.policies import to_policy

_VERBS: dict[type[CompanyEvent], str] = {
    CompanyCreated: "created",
    CompanyUpdated: "updated",
    CompanySuspended: "suspended",
    CompanyReactivated: "reactivated",
    CompanyClosed: "closed",
    CompanyPolicyChanged: "policy_changed",
    CompanyKeyRotated: "key_rotated",
    CompanyKeyRevoked: "key_revoked",
}


def encode(event: CompanyEvent) -> OutgoingEvent:
    """The event on its subject, `tenancy.v1.company.<verb>`, which is also its type.

    Without a revision in the envelope: these events are a history, none replaces another.
    """
    name = f"tenancy.v1.company.{_VERBS[type(event)]}"
    return OutgoingEvent(subject=name, type=name, payload=_message(event).SerializeToString())


def _message(event: CompanyEvent) -> Message:
    company_id, revision = str(event.company_id), event.revision
    match event:
        case CompanyCreated(plan_code=code):
            return pb.CompanyCreated(company_id=company_id, plan_code=code, revision=revision)
        case CompanyPolicyChanged(policy=policy):
            return pb.CompanyPolicyChanged(company_id=company_id, policy=to_policy(policy), revision=revision)
        case _:  # no more to tell: the contract's message bears the event's name
            message: type[Message] = getattr(pb, type(event).__name__)
            return message(company_id=company_id, revision=revision)
