"""What the portal knows about a company: the customer as tenancy tells it, the subscription as billing tells it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    """What the owner is shown. A suspension outranks whatever the subscription says."""

    TRIAL = "TRIAL"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING"  # billing has not answered for a new company yet

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Company:
    """A customer as tenancy knows it. `revision` orders the states of one company."""

    company_id: UUID
    name: str
    email: str
    contact_person: str
    phone: str
    address: str
    time_zone: str
    suspended: bool
    key_hint: str
    created_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a company has bought. `state` is a Status without SUSPENDED and PENDING; prices in minor units."""

    company_id: UUID
    plan_code: str
    state: Status
    started_at: datetime
    expires_at: datetime
    price_minor_units: int
    currency: str
    seats: int
    storage_bytes: int
    screenshot_retention_days: int
    revision: int


@dataclass(frozen=True, slots=True)
class SyncTime:
    """The latest sign of life of a company's trackers."""

    company_id: UUID
    last_sync_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """An offer of billing."""

    code: str
    name: str
    price_minor_units: int
    currency: str
    seats: int
    storage_bytes: int
    screenshot_retention_days: int
