"""Who does something to a company, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """`actor` is the owner's e-mail; with the reason it ends up in the audit trail.

    `once` names this one wish: the same call with the same one again has no second effect and gets the same answer.
    """

    actor: str
    reason: str
    once: str
