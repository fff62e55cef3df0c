"""A company and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from servicekit.errors import Refused
from tenancy.companies.rules.details import CompanyDetails


class CompanyState(StrEnum):
    """Whether the company's calls are let in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Company:
    """A customer. `revision` grows with every change by the owner; a sign of life is no such change."""

    id: UUID
    details: CompanyDetails
    state: CompanyState
    key_hint: str  # of the newest key that opens; empty when none does
    logo_digest: str  # SHA-256 in hexadecimal; empty without a logo
    created_at: datetime
    last_sync_at: datetime | None
    revision: int

    def demand_open(self, what: str) -> None:
        """Refused when the company is closed; `what` is being done."""
        if self.state is CompanyState.CLOSED:
            raise Refused(f"cannot {what} of this company: it is closed")


@dataclass(frozen=True, slots=True)
class CompanyUpdated:
    company_id: UUID
    revision: int
