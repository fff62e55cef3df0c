"""Entries of the portal's own audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from audit_chain import link_hash

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PortalAction:
    """One entry. `subject` is the object of the action, such as an owner's e-mail. `facts` are its details."""

    revision: int
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    request_id: str
    facts: Facts

    def hash(self, previous: bytes) -> bytes:
        """SHA-256 over the previous entry's hash and all content of this entry."""
        content = {
            "revision": self.revision,
            "id": str(self.id),
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            "reason": self.reason,
            "request_id": self.request_id,
            "facts": dict(self.facts),
        }
        return link_hash(previous, content)


@dataclass(frozen=True, slots=True)
class ActionQuestion:
    """Filters of entries; None matches everything. `since` is inclusive, `until` is not."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
