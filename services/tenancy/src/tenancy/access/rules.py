"""What a gateway needs to decide about a call: nothing about the customer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenancy.companies.rules.company import CompanyState
from tenancy.policies.rules import TrackingPolicy


@dataclass(frozen=True, slots=True)
class AccessKey:
    """One way in: a key under one pepper. `valid_until` None: until further notice."""

    digest: bytes
    pepper_id: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Access:
    """State, keys and policy of one moment."""

    company_id: UUID
    state: CompanyState
    time_zone: str
    keys: tuple[AccessKey, ...]
    policy: TrackingPolicy
    revision: int
