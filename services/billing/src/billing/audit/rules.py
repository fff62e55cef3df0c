"""The audit trail: one entry for each owner action, linked by its hash to the entry before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from audit_chain import LinkedEntry, link_hash

MAX_ACTOR_LENGTH = 254
MAX_ACTION_LENGTH = 100

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An owner action: the request (`asked`) and its outcome. `company_id` is None when it concerns no single company.

    `actor` is the person for whom the calling service acts; `caller` is that service, by its certificate.
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
        """SHA-256 over the hash of the entry before and the content of this one."""
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
        if self.caller:  # entries from before the column existed have no caller, and their hashes must not change
            content["caller"] = self.caller
        return link_hash(previous, content)


SealedEntry = LinkedEntry[AuditEntry]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filters of a listing; None lets every entry pass. `since` is inclusive, `until` and `before` are not."""

    company_id: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
