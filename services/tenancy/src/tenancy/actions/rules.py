"""Owner actions: actor, reason, and the event that follows."""

from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID

from servicekit.errors import InvalidInput
from tenancy.audit.rules import MAX_ACTOR_LENGTH
from text_rules.lines import validate

MAX_REASON_LENGTH = 500
MAX_REQUEST_ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Action:
    """The actor of a change and the reason, as the audit entry keeps them."""

    actor: str
    reason: str
    request_id: str = ""
    caller: str = ""  # the calling service, by its certificate

    @classmethod
    def checked(cls, *, actor: str, reason: str, request_id: str = "", caller: str = "") -> Self:
        """InvalidInput when the actor is missing, or a text breaks a rule."""
        return cls(
            actor=validate(actor, "action.actor", max_length=MAX_ACTOR_LENGTH, required=True),
            reason=validate(reason, "action.reason", max_length=MAX_REASON_LENGTH, multiline=True),
            request_id=validate(request_id, "action.request_id", max_length=MAX_REQUEST_ID_LENGTH),
            caller=caller,
        )

    def require_reason(self, what: str) -> None:
        """InvalidInput without a reason; `what` describes the action."""
        if not self.reason:
            raise InvalidInput(f"action.reason is missing: say why you are {what}", field="action.reason")


class CompanyEvent(Protocol):
    """A published change of a company. Each feature has event types of its own."""

    @property
    def company_id(self) -> UUID: ...

    @property
    def revision(self) -> int: ...
