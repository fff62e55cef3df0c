"""What the others are told about a company."""

from dataclasses import dataclass
from uuid import UUID


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
class CompanyKeyRotated:
    company_id: UUID
    revision: int


CompanyEvent = CompanyCreated | CompanySuspended | CompanyReactivated | CompanyKeyRotated
