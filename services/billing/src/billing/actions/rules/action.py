"""Who does something and why."""

from dataclasses import dataclass
from typing import Self

from text_rules.lines import checked

ACTOR_LENGTH = 254
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Action:
    """Ends up in the history as it is."""

    actor: str
    reason: str

    @classmethod
    def checked(cls, *, actor: str, reason: str) -> Self:
        """InvalidInput when nobody is named."""
        return cls(
            actor=checked(actor, "Actor", most=ACTOR_LENGTH, required=True),
            reason=checked(reason, "Reason", most=REASON_LENGTH),
        )


PERIOD_END = Action("billing", "the period ended")
COMPANY_CREATED = Action("tenancy", "the company was created")
COMPANY_REACTIVATED = Action("tenancy", "the company was reactivated")
COMPANY_CLOSED = Action("tenancy", "the company was closed")
