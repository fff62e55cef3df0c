"""Company events as they are published."""

from google.protobuf.message import Message

from contracts.tenancy.v1 import events_pb2 as pb
from servicekit.events import OutgoingEvent
from tenancy.actions.rules import CompanyEvent
from tenancy.companies.rules.company import CompanyUpdated
from tenancy.keys.rules.keys import CompanyKeyRevoked, CompanyKeyRotated
from tenancy.lifecycle.rules import CompanyClosed, CompanyCreated, CompanyReactivated, CompanySuspended
from tenancy.policies.messages import to_policy
from tenancy.policies.rules import CompanyPolicyChanged

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

    The envelope has no revision: these events are a history, none replaces another.
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
        case _:  # the contract's message has the event's name and nothing else
            message: type[Message] = getattr(pb, type(event).__name__)
            return message(company_id=company_id, revision=revision)
