"""An owner action: actor, reason and idempotency key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """`actor` is the owner's e-mail; actor and reason are recorded in the audit trail.

    A repetition with the same `idempotency_key` has no second effect and gets the same answer.
    """

    actor: str
    reason: str
    idempotency_key: str
