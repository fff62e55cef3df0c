"""The audit trail: one entry for each action of an owner, sealed together with the hash of the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from audit_chain import Sealed, seal

MAX_ACTOR_LENGTH = 254
MAX_ACTION_LENGTH = 100

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What was asked for and what came of it; `company_id` is None when no single company is concerned.

    `actor` is who the caller says it acts for; `caller` is the service itself, as its certificate names it.
    """

    revision: int
    id: UUID
    at: datetime
    actor: str
    action: str
    company_id: UUID | None
    reason: str
    request_id: str
    asked: Facts
    outcome: Facts
    caller: str = ""

    def hash(self, previous: bytes) -> bytes:
        """SHA-256 over the previous entry's hash and this entry."""
        content: dict[str, object] = {
            "revision": self.revision,
            "id": str(self.id),
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "company_id": str(self.company_id) if self.company_id else None,
            "reason": self.reason,
            "request_id": self.request_id,
            "asked": dict(self.asked),
            "outcome": dict(self.outcome),
        }
        if self.caller:  # entries from before callers were kept have none, and keep their hashes
            content["caller"] = self.caller
        return seal(previous, content)


SealedEntry = Sealed[AuditEntry]


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """Which entries are asked for; what is None lets everything through. `since` is inclusive, the ends are not."""

    company_id: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
