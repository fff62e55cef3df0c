"""Companies as the portal knows them: tenancy's part, billing's part, and what is shown of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class CompanyState(StrEnum):
    """The state of a company in tenancy; CLOSED is permanent."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class Status(StrEnum):
    """The status shown to owners. A suspended or closed company has that status whatever its subscription is."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING"  # billing has no subscription for a new company yet
    CLOSED = "CLOSED"  # permanent

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


def company_status(state: str, subscription_state: str | None, expires_at: datetime | None, now: datetime) -> Status:
    """The status shown to owners of a company in `state` whose subscription, if any, grants access until `expires_at`.

    The database computes it for all companies at once, in its function `company_status`; a test compares the two.
    """
    if state != CompanyState.ACTIVE:
        return Status(state)
    if subscription_state is None:
        return Status.PENDING
    grants_access = subscription_state in (Status.TRIAL, Status.ACTIVE, Status.PAST_DUE)
    if grants_access and expires_at is not None and expires_at <= now:
        return Status.EXPIRED
    return Status(subscription_state)


@dataclass(frozen=True, slots=True)
class Company:
    """A company in tenancy. `revision` orders its versions; an empty `key_hint`: no key is valid."""

    company_id: UUID
    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str
    state: CompanyState
    key_hint: str
    logo_digest: str
    created_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription in billing. `state` is a Status except those of tenancy; amounts are in minor units.

    `charged_until` None: the period is free and is not renewed.
    """

    company_id: UUID
    plan_code: str
    plan_version: int
    state: Status
    started_at: datetime
    expires_at: datetime
    charged_until: datetime | None
    price_minor_units: int
    monthly_revenue_minor_units: int
    currency: str
    seats: int
    storage_bytes: int
    screenshot_retention_days: int
    revision: int

    def goes_on(self, now: datetime) -> bool:
        """Whether renewing it is free: the charged period has not ended, so it only continues."""
        return self.charged_until is not None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class SyncTime:
    """The latest request of a company's trackers."""

    company_id: UUID
    last_sync_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySummary:
    """A company in lists. None: not known yet."""

    company_id: UUID
    name: str
    email: str
    plan_code: str | None
    price_minor_units: int | None
    currency: str | None
    expires_at: datetime | None
    status: Status
    seats_used: int
    seats_limit: int | None
    storage_used: int
    storage_limit: int | None
    last_sync_at: datetime | None
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyPage(CompanySummary):
    """All known data of one company except its days. None: not known yet."""

    contact_person: str
    phone: str
    address: str
    time_zone: str
    state: CompanyState
    key_hint: str
    logo_digest: str
    created_at: datetime
    plan_version: int | None
    started_at: datetime | None
    charged_until: datetime | None
    screenshot_retention_days: int | None

    @property
    def is_suspended(self) -> bool:
        return self.state is CompanyState.SUSPENDED

    @property
    def is_closed(self) -> bool:
        return self.state is CompanyState.CLOSED
