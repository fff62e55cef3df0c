"""Who does something and why."""

from dataclasses import dataclass
from typing import Self

from servicekit.errors import InvalidInput
from tenancy.domain.text import clean

ACTOR_LENGTH = 254
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Action:
    """Ends up in the audit trail as it is."""

    actor: str
    reason: str

    @classmethod
    def checked(cls, *, actor: str, reason: str) -> Self:
        """InvalidInput when nobody is named."""
        return cls(
            actor=clean(actor, "action.actor", most=ACTOR_LENGTH, required=True),
            reason=clean(reason, "action.reason", most=REASON_LENGTH, multiline=True),
        )

    def demand_reason(self, what: str) -> None:
        """InvalidInput unless a reason is given; `what` is being done."""
        if not self.reason:
            raise InvalidInput(f"action.reason is missing: say why you are {what}")
