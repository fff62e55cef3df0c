"""Access records: what a gateway needs to decide about a request, and no details of the customer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenancy.companies.rules.company import CompanyState
from tenancy.policies.rules import TrackingPolicy


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A company key under one pepper, valid without end when `valid_until` is None."""

    digest: bytes
    pepper_id: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """The state, keys and policy of a company at one moment."""

    company_id: UUID
    state: CompanyState
    time_zone: str
    keys: tuple[AccessKey, ...]
    policy: TrackingPolicy
    revision: int
