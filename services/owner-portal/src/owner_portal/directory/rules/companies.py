"""What the portal knows about a company: the customer as tenancy tells it, the subscription as billing tells it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class CompanyState(StrEnum):
    """Whether tenancy lets a company in; CLOSED is for ever."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class Status(StrEnum):
    """What the owner is shown. A suspension or the end of a company outranks whatever the subscription says."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING"  # billing has not answered for a new company yet
    CLOSED = "CLOSED"  # for ever

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Company:
    """A customer as tenancy knows it. `revision` orders the states of one company; no hint: no key opens."""

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
    """What a company has bought. `state` is a Status without those that tenancy decides; amounts in minor units.

    `charged_until` None: the period is free and will not be renewed.
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
        """Whether renewing it charges nothing: what was charged has not ended, so at most the old period goes on."""
        return self.charged_until is not None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class SyncTime:
    """The latest sign of life of a company's trackers."""

    company_id: UUID
    last_sync_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of an offer of billing."""

    code: str
    version: int
    name: str
    price_minor_units: int
    currency: str
    seats: int
    storage_bytes: int
    screenshot_retention_days: int
