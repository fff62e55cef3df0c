"""A company and the steps of its life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from servicekit.errors import Refused
from tenancy.domain.details import CompanyDetails


class CompanyState(StrEnum):
    """Whether the company's calls are let in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Step(StrEnum):
    """What leads from one state to another."""

    SUSPEND = "suspend"
    REACTIVATE = "reactivate"


_STEPS: Mapping[tuple[CompanyState, Step], CompanyState] = {
    (CompanyState.ACTIVE, Step.SUSPEND): CompanyState.SUSPENDED,
    (CompanyState.SUSPENDED, Step.REACTIVATE): CompanyState.ACTIVE,
}


@dataclass(frozen=True, slots=True)
class Company:
    """A customer. `revision` grows with every change by the owner; a sign of life is no such change."""

    id: UUID
    details: CompanyDetails
    state: CompanyState
    key_hint: str
    created_at: datetime
    last_sync_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True)
class Access:
    """What a gateway needs to decide about a call: nothing about the customer."""

    company_id: UUID
    state: CompanyState
    time_zone: str
    key_digests: tuple[bytes, ...]
    revision: int


def state_after(state: CompanyState, step: Step) -> CompanyState:
    """Where `step` leads from `state`; Refused names both when it leads nowhere."""
    following = _STEPS.get((state, step))
    if following is None:
        raise Refused(f"cannot {step} this company: it is {state}")
    return following
