"""A company and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from servicekit.errors import Refused
from tenancy.companies.rules.details import CompanyDetails


class CompanyState(StrEnum):
    """The state of a company, which decides whether gateways accept its requests."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Company:
    """A customer. `revision` grows with each owner action, not with heartbeats."""

    id: UUID
    details: CompanyDetails
    state: CompanyState
    key_hint: str  # of the newest valid key; empty without one
    logo_digest: str  # SHA-256 in hexadecimal; empty without a logo
    created_at: datetime
    last_sync_at: datetime | None
    revision: int

    def require_open(self, what: str) -> None:
        """Refused for a closed company; `what` describes the action."""
        if self.state is CompanyState.CLOSED:
            raise Refused(f"cannot {what} of this company: it is closed")


@dataclass(frozen=True, slots=True)
class CompanyUpdated:
    company_id: UUID
    revision: int
