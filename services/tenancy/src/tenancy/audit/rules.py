"""The audit trail: one entry for each revision, linked by its hash to the entry before it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit_chain import LinkedEntry, link_hash
from servicekit.errors import InvalidInput
from tenancy.db.rules import MAX_REVISION

MAX_ACTOR_LENGTH = 254
MAX_ACTION_LENGTH = 100
MAX_ENTRIES = 200  # of a page
DEFAULT_ENTRIES = 50

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change of a company; `before` is None for a new company.

    `actor` is the person for whom the calling service acts; `caller` is that service, by its certificate.
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
        """SHA-256 over the hash of the entry before and the content of this one."""
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


def read_position(question: AuditFilter, token: str) -> int:
    """The revision before which a page begins. InvalidInput for a token that is invalid or belongs to other filters."""
    if not token:
        return MAX_REVISION if question.before is None else question.before
    match from_token(question, token):
        case [int(revision)] if 0 <= revision <= MAX_REVISION:
            return revision
    raise _refusal()


def write_position(question: AuditFilter, revision: int) -> str:
    """The token of the page before a revision."""
    return to_token(question, [revision])


def page_size(asked: int) -> int:
    """The number of entries of a page: 0 stands for the default, and the maximum is never exceeded."""
    return min(asked or DEFAULT_ENTRIES, MAX_ENTRIES)


def to_token(question: object, position: list[Any]) -> str:
    """A token for the page after `position`; it is bound to the repr of `question`, the filters."""
    content = json.dumps([_mark(question), *position], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode()


def from_token(question: object, token: str) -> list[Any]:
    """The position in a token. InvalidInput for a token that is invalid or belongs to another question."""
    try:
        mark, *position = list(json.loads(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, TypeError, RecursionError):
        raise _refusal() from None
    if mark != _mark(question):
        raise InvalidInput(
            "page_token belongs to other filters: ask for the first page, without a token", field="page_token"
        )
    return position


def _refusal() -> InvalidInput:
    """The error for an invalid token."""
    return InvalidInput(
        "page_token cannot be read: give next_page_token of the page before, unchanged", field="page_token"
    )


def _mark(question: object) -> str:
    return hashlib.sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()[:16]
