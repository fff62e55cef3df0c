"""The audit trail: one entry for each revision, each sealed together with the hash of the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
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
    request_id: str
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
            "request_id": self.request_id,
            "before": self.before,
            "after": self.after,
        }
        return hashlib.sha256(previous + _canonical(content).encode()).digest()


# One encoder for all: making one takes longer than using it.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry as it is stored: with the hash of the one before and its own."""

    entry: AuditEntry
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """How far a chain has been followed without a flaw."""

    revision: int = 0
    hash: bytes = GENESIS

    def follow(self, sealed: SealedEntry) -> Self:
        """The end after one more entry. Refused names the first one that is altered, replaced, missing or added.

        An entry that no longer fits its own hash was altered. One that does, but whose hash is not the one that the
        next entry was sealed with, was replaced as a whole.
        """
        revision = sealed.entry.revision
        if revision <= self.revision:
            raise Refused(f"the audit entry of revision {revision} was added: it belongs to no revision")
        if revision > self.revision + 1:
            raise Refused(f"the audit entry of revision {self.revision + 1} is missing")
        if sealed.entry.hash(sealed.previous) != sealed.hash:
            raise Refused(f"the audit entry of revision {revision} was altered")
        if sealed.previous != self.hash:
            broken = self.revision or revision  # nothing precedes the first one
            raise Refused(f"the audit entry of revision {broken} was replaced")
        return type(self)(revision, sealed.hash)

    def check_passes(self, known: "ChainEnd") -> None:
        """Refused when this chain is at a known entry's revision with another hash."""
        if self.revision == known.revision and self.hash != known.hash:
            raise Refused(f"the audit entry of revision {self.revision} is not the one that was noted down")

    def check_complete(self, newest: int, known: "ChainEnd | None") -> None:
        """Refused when the chain does not end at the newest revision, or ends before a known entry."""
        if self.revision > newest:
            raise Refused(f"the audit entry of revision {newest + 1} was added: the clock is at {newest}")
        if self.revision < newest:
            raise Refused(f"the audit entry of revision {self.revision + 1} is missing: the clock is at {newest}")
        if known is not None and self.revision < known.revision:
            raise Refused(
                f"the audit entry of revision {newest + 1} is missing: one of {known.revision} was noted down"
            )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the trail is whole. `flaw` names its first broken entry; None when all of it is whole."""

    end: ChainEnd
    flaw: str | None


def follow(start: ChainEnd, entries: Iterable[SealedEntry], known: ChainEnd | None) -> Verdict:
    """As far as a stretch of the chain is whole and leads through the `known` entry."""
    end = start
    try:
        for sealed in entries:
            following = end.follow(sealed)
            if known is not None:
                following.check_passes(known)
            end = following
    except Refused as refusal:
        return Verdict(end, refusal.message)
    return Verdict(end, None)
