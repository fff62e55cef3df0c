"""The lifecycle of a company, and its events."""

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


class LifecycleStep(StrEnum):
    """A step from one state to another."""

    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    CLOSE = "close"


_STEPS: Mapping[tuple[CompanyState, LifecycleStep], CompanyState] = {
    (CompanyState.ACTIVE, LifecycleStep.SUSPEND): CompanyState.SUSPENDED,
    (CompanyState.SUSPENDED, LifecycleStep.REACTIVATE): CompanyState.ACTIVE,
    (CompanyState.ACTIVE, LifecycleStep.CLOSE): CompanyState.CLOSED,
    (CompanyState.SUSPENDED, LifecycleStep.CLOSE): CompanyState.CLOSED,
}


def state_after(state: CompanyState, step: LifecycleStep) -> CompanyState:
    """The state after a step. Refused names both when the state does not allow the step."""
    following = _STEPS.get((state, step))
    if following is None:
        raise Refused(f"cannot {step} this company: it is {state}")
    return following
