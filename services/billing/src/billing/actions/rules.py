"""Who makes a change, and why."""

from dataclasses import dataclass
from typing import Self

from billing.audit.rules import MAX_ACTOR_LENGTH
from text_rules.lines import checked

MAX_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Action:
    """Is kept with the change in the subscription history."""

    actor: str
    reason: str

    @classmethod
    def checked(cls, *, actor: str, reason: str) -> Self:
        """InvalidInput when the actor is missing, or either is too long."""
        return cls(
            actor=checked(actor, "Actor", most=MAX_ACTOR_LENGTH, required=True),
            reason=checked(reason, "Reason", most=MAX_REASON_LENGTH),
        )
