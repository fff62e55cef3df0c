"""Who makes a change, and why."""

from dataclasses import dataclass
from typing import Self

from billing.audit.rules import MAX_ACTOR_LENGTH
from text_rules.lines import validate

MAX_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Action:
    """The actor of a change and the reason, as the subscription history keeps them."""

    actor: str
    reason: str

    @classmethod
    def checked(cls, *, actor: str, reason: str) -> Self:
        """InvalidInput when the actor is missing, or either is too long."""
        return cls(
            actor=validate(actor, "Actor", max_length=MAX_ACTOR_LENGTH, required=True),
            reason=validate(reason, "Reason", max_length=MAX_REASON_LENGTH),
        )
