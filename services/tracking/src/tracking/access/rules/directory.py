"""May this company's call go on? The decision is made from memory; what is too old to be trusted refuses."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from tracking.access.rules.company_keys import CompanyKey, Peppers, is_key
from tracking.access.rules.policy import TrackingPolicy

LONGEST_UNCONFIRMED = 10.0  # seconds


class Verdict(Enum):
    """The answer; the values of refusals are the words the tracker's users know."""

    ALLOWED = "allowed"
    KEY_MISSING = "X-Company-Key header required"
    KEY_INVALID = "Invalid company key"
    SUSPENDED = "Company subscription is suspended"
    EXPIRED = "Company subscription expired"
    UNCONFIRMED = "The service cannot check the company key right now; nothing is lost, try again"


@dataclass(frozen=True, slots=True)
class Company:
    """What tenancy says of a company. One that is closed counts as suspended, for ever."""

    company_id: UUID
    suspended: bool
    time_zone: str
    keys: tuple[CompanyKey, ...]
    policy: TrackingPolicy = field(default_factory=TrackingPolicy)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What billing says of a company."""

    company_id: UUID
    access_until: datetime
    seats: int
    storage_bytes: int
    screenshot_retention_days: int


class Access(NamedTuple):
    """The verdict on a key and, when the key is known, whose it is."""

    verdict: Verdict
    company: Company | None = None
    entitlement: Entitlement | None = None
    key: CompanyKey | None = None


class AccessDirectory:
    """All companies and entitlements as of their owners' last answers, at most `LONGEST_UNCONFIRMED` seconds old.

    `revision`s say where to ask on; a moment of confirmation is when the answered question was *sent* (monotonic).
    """

    def __init__(self, peppers: Peppers) -> None:
        self._peppers = peppers
        # By the integer of the company's id: every upload looks, and a UUID hashes and compares in Python.
        self._companies: dict[int, Company] = {}
        self._entitlements: dict[int, Entitlement] = {}
        self._by_digest: dict[bytes, CompanyKey] = {}
        self._by_text: dict[bytes, CompanyKey] = {}  # spares the HMACs of keys seen before
        self.company_revision = 0
        self.entitlement_revision = 0
        self._companies_confirmed = float("-inf")
        self._entitlements_confirmed = float("-inf")
        self._confirmed = float("-inf")  # the older of the two

    def take_companies(self, changed: list[Company], revision: int) -> None:
        """Takes a page of what changed after `company_revision`."""
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
        """Takes a page of what changed after `entitlement_revision`."""
        self._entitlements.update({entitlement.company_id.int: entitlement for entitlement in changed})
        self.entitlement_revision = max(self.entitlement_revision, revision)

    def forget_companies(self) -> None:
        """Starts again: tenancy does not know the revision that was reached here."""
        self._companies.clear()
        self._by_digest.clear()
        self._by_text.clear()
        self.company_revision = 0
        self.confirm_companies(float("-inf"))

    def forget_entitlements(self) -> None:
        """Starts again: billing does not know the revision that was reached here."""
        self._entitlements.clear()
        self.entitlement_revision = 0
        self.confirm_entitlements(float("-inf"))

    def confirm_companies(self, asked: float) -> None:
        """Notes that everything tenancy knew at the moment `asked` (monotonic) is here."""
        self._companies_confirmed = asked
        self._confirmed = min(asked, self._entitlements_confirmed)

    def confirm_entitlements(self, asked: float) -> None:
        """Notes that everything billing knew at the moment `asked` (monotonic) is here."""
        self._entitlements_confirmed = asked
        self._confirmed = min(asked, self._companies_confirmed)

    def is_confirmed(self, monotonic: float) -> bool:
        """Whether what is here may still be trusted."""
        return monotonic - self._confirmed <= LONGEST_UNCONFIRMED

    def key(self, text: bytes, now: datetime) -> CompanyKey | None:
        """The key with that text, unless it is unknown or has ended."""
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
        """The verdict on a company; `key` is the one that it was found by."""
        company = self._companies.get(company_id.int)
        entitlement = self._entitlements.get(company_id.int)
        if company is None or entitlement is None or not self.is_confirmed(monotonic):
            # A company that billing has not heard of yet gets its answer within two seconds.
            return Access(Verdict.UNCONFIRMED, company, entitlement, key)
        if company.suspended:
            return Access(Verdict.SUSPENDED, company, entitlement, key)
        if now >= entitlement.access_until:
            return Access(Verdict.EXPIRED, company, entitlement, key)
        return Access(Verdict.ALLOWED, company, entitlement, key)

    def storage_of(self, company_id: UUID) -> int:
        """Bytes that the company's screenshots may take; 0 as long as billing grants nothing."""
        entitlement = self._entitlements.get(company_id.int)
        return entitlement.storage_bytes if entitlement else 0

    def time_zones(self) -> dict[UUID, str]:
        """Each company's time zone."""
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
