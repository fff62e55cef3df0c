"""Who does something and why."""

from dataclasses import dataclass
from typing import Self

from servicekit.errors import Conflict, InvalidInput
from text_rules.lines import checked

ACTOR_LENGTH = 254
REASON_LENGTH = 500
REQUEST_ID_LENGTH = 200
IDEMPOTENCY_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Once:
    """Makes repetitions of a request harmless: `key` names the wish, `fingerprint` stands for the whole request."""

    key: str
    fingerprint: bytes

    @classmethod
    def checked(cls, *, key: str, fingerprint: bytes) -> Self:
        """InvalidInput when the key cannot be stored."""
        return cls(checked(key, "action.idempotency_key", most=IDEMPOTENCY_KEY_LENGTH, required=True), fingerprint)

    def check_same(self, fingerprint: bytes) -> None:
        """Conflict when the key was first used for a request with another fingerprint."""
        if fingerprint != self.fingerprint:
            raise Conflict("action.idempotency_key was used for another request: take a new key for a new wish")


@dataclass(frozen=True, slots=True)
class Action:
    """Actor, reason and request end up in the audit trail as they are. Without `once` each repetition counts."""

    actor: str
    reason: str
    request_id: str = ""
    once: Once | None = None
    caller: str = ""  # the service that says so, by its certificate

    @classmethod
    def checked(
        cls, *, actor: str, reason: str, request_id: str = "", once: Once | None = None, caller: str = ""
    ) -> Self:
        """InvalidInput when nobody is named."""
        return cls(
            actor=checked(actor, "action.actor", most=ACTOR_LENGTH, required=True),
            reason=checked(reason, "action.reason", most=REASON_LENGTH, multiline=True),
            request_id=checked(request_id, "action.request_id", most=REQUEST_ID_LENGTH),
            once=once,
            caller=caller,
        )

    def demand_reason(self, what: str) -> None:
        """InvalidInput unless a reason is given; `what` is being done."""
        if not self.reason:
            raise InvalidInput(f"action.reason is missing: say why you are {what}")
