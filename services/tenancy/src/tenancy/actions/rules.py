"""Who makes a change, why, and what other services are told of it."""

from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from servicekit.errors import InvalidInput
from tenancy.audit.rules import MAX_ACTOR_LENGTH
from text_rules.lines import checked

MAX_REASON_LENGTH = 500
MAX_REQUEST_ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Action:
    """Is kept in the audit entry of the change."""

    actor: str
    reason: str
    request_id: str = ""
    caller: str = ""  # the service that makes the call, by its certificate

    @classmethod
    def checked(cls, *, actor: str, reason: str, request_id: str = "", caller: str = "") -> Self:
        """InvalidInput when the actor is missing, or a text breaks a rule."""
        return cls(
            actor=checked(actor, "action.actor", most=MAX_ACTOR_LENGTH, required=True),
            reason=checked(reason, "action.reason", most=MAX_REASON_LENGTH, multiline=True),
            request_id=checked(request_id, "action.request_id", most=MAX_REQUEST_ID_LENGTH),
            caller=caller,
        )

    def demand_reason(self, what: str) -> None:
        """InvalidInput unless a reason is given; `what` is being done."""
        if not self.reason:
            raise InvalidInput(f"action.reason is missing: say why you are {what}")


class CompanyEvent(Protocol):
    """A change of a company that is published; each feature has its own."""

    @property
    def company_id(self) -> UUID: ...

    @property
    def revision(self) -> int: ...
