"""The access directory: whether a company's calls are allowed, decided from memory. A stale directory refuses."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from tracking.access.rules.company_keys import CompanyKey, Peppers, is_key
from tracking.access.rules.policy import TrackingPolicy

MAX_UNCONFIRMED_SECONDS = 10.0  # unless the operator has set another bound


class Verdict(Enum):
    """The decision. The values of refusals are shown to the trackers' users."""

    ALLOWED = "allowed"
    KEY_MISSING = "X-Company-Key header required"
    KEY_INVALID = "Invalid company key"
    SUSPENDED = "Company subscription is suspended"
    EXPIRED = "Company subscription expired"
    UNCONFIRMED = "The service cannot check the company key right now; nothing is lost, try again"


@dataclass(frozen=True, slots=True)
class Company:
    """A company's access record from tenancy. A closed company counts as suspended."""

    company_id: UUID
    suspended: bool
    time_zone: str
    keys: tuple[CompanyKey, ...]
    policy: TrackingPolicy = field(default_factory=TrackingPolicy)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A company's entitlement from billing."""

    company_id: UUID
    access_until: datetime
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


class Access(NamedTuple):
    """The verdict on a key, and its company where the key is known."""

    verdict: Verdict
    company: Company | None = None
    entitlement: Entitlement | None = None
    key: CompanyKey | None = None


class AccessDirectory:
    """All companies and entitlements as of the last responses of tenancy and billing.

    The copy is stale after `max_unconfirmed` seconds without a confirmation. The `revision`s say where the next request
    continues. A confirmation counts from the moment (monotonic) at which the confirmed request was *sent*.
    """

    def __init__(self, peppers: Peppers, *, max_unconfirmed: float = MAX_UNCONFIRMED_SECONDS) -> None:
        self._peppers = peppers
        self._max_unconfirmed = max_unconfirmed
        # Keyed by the integer of the company's id: every upload looks here, and a UUID hashes and compares in Python.
        self._companies: dict[int, Company] = {}
        self._entitlements: dict[int, Entitlement] = {}
        self._by_digest: dict[bytes, CompanyKey] = {}
        self._by_text: dict[bytes, CompanyKey] = {}  # saves the HMACs of keys that were looked up before
        self.company_revision = 0
        self.entitlement_revision = 0
        self._companies_confirmed = float("-inf")
        self._entitlements_confirmed = float("-inf")
        self._confirmed = float("-inf")  # the older of the two

    def take_companies(self, changed: list[Company], revision: int) -> None:
        """Applies a page of the changes after `company_revision`."""
        for company in changed:
            old = self._companies.get(company.company_id.int)
            for key in old.keys if old else ():
                self._by_digest.pop(key.digest, None)
            self._companies[company.company_id.int] = company
            self._by_digest.update({key.digest: key for key in company.keys})
        if changed:
            self._by_text.clear()
        self.company_revision = max(self.company_revision, revision)

    def take_entitlements(self, changed: list[Entitlement], revision: int) -> None:
        """Applies a page of the changes after `entitlement_revision`."""
        self._entitlements.update({entitlement.company_id.int: entitlement for entitlement in changed})
        self.entitlement_revision = max(self.entitlement_revision, revision)

    def forget_companies(self) -> None:
        """Clears the companies: tenancy does not know the revision that the copy has reached."""
        self._companies.clear()
        self._by_digest.clear()
        self._by_text.clear()
        self.company_revision = 0
        self.confirm_companies(float("-inf"))

    def forget_entitlements(self) -> None:
        """Clears the entitlements: billing does not know the revision that the copy has reached."""
        self._entitlements.clear()
        self.entitlement_revision = 0
        self.confirm_entitlements(float("-inf"))

    def confirm_companies(self, asked: float) -> None:
        """Records that the copy holds everything that tenancy knew at the moment `asked` (monotonic)."""
        self._companies_confirmed = asked
        self._confirmed = min(asked, self._entitlements_confirmed)

    def confirm_entitlements(self, asked: float) -> None:
        """Records that the copy holds everything that billing knew at the moment `asked` (monotonic)."""
        self._entitlements_confirmed = asked
        self._confirmed = min(asked, self._companies_confirmed)

    def is_confirmed(self, monotonic: float) -> bool:
        """Whether the copy is fresh enough to be trusted."""
        return monotonic - self._confirmed <= self._max_unconfirmed

    def key(self, text: bytes, now: datetime) -> CompanyKey | None:
        """The key with that text; None if it is unknown or has expired."""
        known = self._by_text.get(text)
        if known is None:
            if not is_key(text):
                return None
            known = next(filter(None, map(self._by_digest.get, self._peppers.digests(text))), None)
            if known is None:
                return None
            newest = self._peppers.newest_digest(text)
            known = self._by_text[text] = known if known.digest == newest else replace(known, newest_digest=newest)
        return known if known.opens(now) else None

    def find(self, text: bytes, now: datetime) -> Company | None:
        """The company of a key."""
        known = self.key(text, now)
        return self._companies[known.company_id.int] if known else None

    def company(self, company_id: UUID, *, now: datetime, monotonic: float, key: CompanyKey | None = None) -> Access:
        """The verdict on a company; `key` is the key that identified it."""
        company = self._companies.get(company_id.int)
        entitlement = self._entitlements.get(company_id.int)
        if company is None or entitlement is None or not self.is_confirmed(monotonic):
            # Billing's entitlement for a new company arrives within two seconds.
            return Access(Verdict.UNCONFIRMED, company, entitlement, key)
        if company.suspended:
            return Access(Verdict.SUSPENDED, company, entitlement, key)
        if now >= entitlement.access_until:
            return Access(Verdict.EXPIRED, company, entitlement, key)
        return Access(Verdict.ALLOWED, company, entitlement, key)

    def storage_of(self, company_id: UUID) -> int:
        """Bytes that the company's screenshots may use; 0 while billing grants no entitlement."""
        entitlement = self._entitlements.get(company_id.int)
        return entitlement.storage_bytes if entitlement else 0

    def time_zones(self) -> dict[UUID, str]:
        """The time zone of each company."""
        return {company.company_id: company.time_zone for company in self._companies.values()}

    def decide(self, key: bytes | None, *, now: datetime, monotonic: float) -> Access:
        """The verdict on a call with this key."""
        if key is None:
            return Access(Verdict.KEY_MISSING)
        known = self.key(key, now)
        if known is not None:
            return self.company(known.company_id, now=now, monotonic=monotonic, key=known)
        if is_key(key) and not self.is_confirmed(monotonic):
            return Access(Verdict.UNCONFIRMED)
        return Access(Verdict.KEY_INVALID)
