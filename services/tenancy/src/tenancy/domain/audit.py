"""The audit trail: one entry for each revision, each sealed with the hash of the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from servicekit.errors import Refused

GENESIS = bytes(32)

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened to a company; `before` is None when there was nothing before."""

    revision: int
    id: UUID
    at: datetime
    actor: str
    action: str
    company_id: UUID
    reason: str
    before: Facts | None
    after: Facts

    def hash(self, previous: bytes) -> bytes:
        """SHA-256 over the previous entry's hash and this entry's canonical JSON."""
        content = {
            "revision": self.revision,
            "id": str(self.id),
            "at": self.at.astimezone(UTC).isoformat(),
            "actor": self.actor,
            "action": self.action,
            "company_id": str(self.company_id),
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(previous + canonical.encode()).digest()


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry as it is stored."""

    entry: AuditEntry
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far a chain has been followed."""

    revision: int = 0
    hash: bytes = GENESIS

    def follow(self, sealed: SealedEntry) -> Self:
        """The end after one more entry; Refused names the revision that is missing or was altered."""
        if sealed.entry.revision != self.revision + 1:
            raise Refused(f"the audit entry of revision {self.revision + 1} is missing")
        if sealed.entry.hash(self.hash) != sealed.hash:
            raise Refused(f"the audit entry of revision {sealed.entry.revision} or its predecessor was altered")
        return type(self)(sealed.entry.revision, sealed.hash)
