"""The steps of a company's life, and their events."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from servicekit.errors import Refused
from tenancy.companies.rules.company import CompanyState


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


class Step(StrEnum):
    """What leads from one state to another."""

    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    CLOSE = "close"


_STEPS: Mapping[tuple[CompanyState, Step], CompanyState] = {
    (CompanyState.ACTIVE, Step.SUSPEND): CompanyState.SUSPENDED,
    (CompanyState.SUSPENDED, Step.REACTIVATE): CompanyState.ACTIVE,
    (CompanyState.ACTIVE, Step.CLOSE): CompanyState.CLOSED,
    (CompanyState.SUSPENDED, Step.CLOSE): CompanyState.CLOSED,
}


def state_after(state: CompanyState, step: Step) -> CompanyState:
    """Where `step` leads from `state`; Refused names both when it leads nowhere."""
    following = _STEPS.get((state, step))
    if following is None:
        raise Refused(f"cannot {step} this company: it is {state}")
    return following
