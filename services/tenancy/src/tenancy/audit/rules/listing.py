"""Looking into the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenancy.audit.rules import page_token
from tenancy.db.rules.page import HIGHEST_REVISION


@dataclass(frozen=True, slots=True)
class AuditQuestion:
    """Which entries are asked for; what is None lets everything through. `since` is inclusive, the ends are not."""

    company_id: UUID | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def read_position(question: AuditQuestion, token: str) -> int:
    """The revision before which a page begins. InvalidInput when the token is none, or of another question."""
    if not token:
        return HIGHEST_REVISION if question.before is None else question.before
    match page_token.from_token(question, token):
        case [int(revision)] if 0 <= revision <= HIGHEST_REVISION:
            return revision
    raise page_token.refusal()


def write_position(question: AuditQuestion, revision: int) -> str:
    """The page token of what is older than a revision."""
    return page_token.to_token(question, [revision])
