"""Calls of both HTTP APIs after their company key was accepted."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracking.access.rules.company_keys import CompanyKey
from tracking.access.rules.directory import Access, Company, Entitlement, Verdict
from tracking.protocols.problems import from_verdict
from tracking.protocols.transport import Body


@dataclass(frozen=True, slots=True)
class Call:
    """A desktop call whose company key was accepted. `origin` is the caller's address.

    `fields` are those of a body that has arrived. Of a large body only the beginning has, see `body`; a call that reads
    the rest awaits `confirm` afterwards, which refuses it if the company has lost access.
    """

    company: Company
    entitlement: Entitlement
    key: CompanyKey
    body: Body
    fields: Mapping[str, Any]
    authorization: str
    origin: str
    received_at: datetime
    confirm: Callable[[], Awaitable[None]]


def utc_now() -> datetime:
    """The moment of a request."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """A native call whose company key was accepted. `origin` is the caller's address."""

    company: Company
    entitlement: Entitlement
    key: CompanyKey
    key_text: bytes
    authorization: str
    origin: str
    received_at: datetime

    @property
    def credential(self) -> str:
        """The bearer token; empty if there is none."""
        scheme, _, credential = self.authorization.partition(" ")
        return credential.strip() if scheme.lower() == "bearer" else ""


def admitted(access: Access) -> tuple[Company, Entitlement, CompanyKey]:
    """The company of the key, its entitlement, and the key. Problem: the company has no access."""
    company, entitlement, key = access.company, access.entitlement, access.key
    if access.verdict is not Verdict.ALLOWED or company is None or entitlement is None or key is None:
        raise from_verdict(access.verdict)
    return company, entitlement, key
