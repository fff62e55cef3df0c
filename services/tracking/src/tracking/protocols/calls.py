"""Requests whose company key has been accepted, of the desktop tracker's protocol and of the native one."""

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
    """One request whose company key has been accepted. `origin` is the address it comes from.

    `fields` are those of a body that has arrived; of a large one only the start has, see `body`. Whoever reads the rest
    calls `confirm` after it, which ends the call when the company may no longer go on.
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
