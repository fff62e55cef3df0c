"""The audit trail: one entry for each revision, each sealed together with the hash of the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from audit_chain import Sealed, seal

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened to a company; `before` is None when there was nothing before.

    `actor` is who the caller says it acts for; `caller` is the service itself, as its certificate names it.
    """

    revision: int
    id: UUID
    at: datetime
    actor: str
    action: str
    company_id: UUID
    reason: str
    request_id: str
    before: Facts | None
    after: Facts
    caller: str = ""

    def hash(self, previous: bytes) -> bytes:
        """SHA-256 over the previous entry's hash and everything that this entry says."""
        content: dict[str, object] = {
            "revision": self.revision,
            "id": str(self.id),
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "company_id": str(self.company_id),
            "reason": self.reason,
            "request_id": self.request_id,
            "before": self.before,
            "after": self.after,
        }
        if self.caller:  # entries from before callers were kept have none, and keep their hashes
            content["caller"] = self.caller
        return seal(previous, content)


class SealedEntry(Sealed[AuditEntry]):
    """An entry as it is stored."""

    __slots__ = ()
