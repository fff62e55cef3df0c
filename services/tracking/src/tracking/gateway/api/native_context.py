"""What every call of the native API is given, and how it finds out which device is calling."""

from dataclasses import dataclass
from datetime import UTC, datetime

from servicekit.errors import NotAuthenticated
from tracking.access.api import Admission
from tracking.access.rules.company_keys import CompanyKey
from tracking.access.rules.directory import Access, Company, Entitlement, Verdict
from tracking.access.use_cases import ConfigWatch
from tracking.devices.store.devices import Device
from tracking.gateway.api.desktop_context import Gateway
from tracking.ingest.use_cases.sync_records import RecordTaker
from tracking.protocols.problems import from_verdict


@dataclass(frozen=True, slots=True)
class Native:
    """What the calls need."""

    gateway: Gateway
    admission: Admission
    records: RecordTaker
    watch: ConfigWatch


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls from `origin`, as far as the company key says it."""

    company: Company
    entitlement: Entitlement
    key: CompanyKey
    key_text: bytes
    authorization: str
    origin: str
    received_at: datetime

    @property
    def credential(self) -> str:
        """What stands after `Bearer`; empty where nothing does."""
        scheme, _, credential = self.authorization.partition(" ")
        return credential.strip() if scheme.lower() == "bearer" else ""


def admitted(access: Access) -> tuple[Company, Entitlement, CompanyKey]:
    """Whose key it is. Problem: the company may not go on, or nobody can tell."""
    company, entitlement, key = access.company, access.entitlement, access.key
    if access.verdict is not Verdict.ALLOWED or company is None or entitlement is None or key is None:
        raise from_verdict(access.verdict)
    return company, entitlement, key


async def device_of(native: Native, caller: Caller) -> Device:
    """The device that holds the credential. NotAuthenticated: none of the company does."""
    company_id = caller.company.company_id
    device = await native.gateway.authenticator.device(company_id, caller.credential) if caller.credential else None
    if device is None:
        raise NotAuthenticated("The device's credential is missing or no longer valid; enrol the device again")
    native.gateway.key_uses.note(caller.key, device.device_id, caller.received_at)
    return device


def utc_now() -> datetime:
    """The moment of a request."""
    return datetime.now(UTC)
