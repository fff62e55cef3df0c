"""What the others are told about a company."""

from dataclasses import dataclass
from uuid import UUID

from tenancy.policies.rules.policy import TrackingPolicy


@dataclass(frozen=True, slots=True)
class CompanyCreated:
    company_id: UUID
    revision: int
    plan_code: str


@dataclass(frozen=True, slots=True)
class CompanySuspended:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyReactivated:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyClosed:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyUpdated:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyPolicyChanged:
    company_id: UUID
    revision: int
    policy: TrackingPolicy


@dataclass(frozen=True, slots=True)
class CompanyKeyRevoked:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyKeyRotated:
    company_id: UUID
    revision: int


CompanyEvent = (
    CompanyCreated
    | CompanyUpdated
    | CompanySuspended
    | CompanyReactivated
    | CompanyClosed
    | CompanyPolicyChanged
    | CompanyKeyRotated
    | CompanyKeyRevoked
)
