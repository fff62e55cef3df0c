"""Company keys as the gateway knows them: digests under the platform's peppers, some of which end at a moment."""

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_KEY = re.compile(rb"company_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CompanyKey:
    """One way into a company. After a rotation with grace the old key opens until `valid_until`; None: no end.

    `newest_digest` is set where the key was found by its digest under an old pepper.
    """

    company_id: UUID
    digest: bytes
    valid_until: datetime | None = None
    newest_digest: bytes | None = None

    def opens(self, now: datetime) -> bool:
        """Whether it opens at that moment."""
        return self.valid_until is None or now < self.valid_until


class Peppers:
    """The peppers that digests may be made with, the newest first; more than one while an old one is replaced."""

    def __init__(self, newest: bytes, *old: bytes) -> None:
        self._peppers = (newest, *old)

    def digests(self, key: bytes) -> Iterator[bytes]:
        """HMAC-SHA256 of the key's text under each pepper: what tenancy may have stored."""
        return (hmac.digest(pepper, key, "sha256") for pepper in self._peppers)

    def newest_digest(self, key: bytes) -> bytes:
        """The digest under the newest pepper."""
        return next(self.digests(key))

    @property
    def newest_id(self) -> str:
        """The name by which tenancy knows the newest pepper."""
        return hmac.digest(self._peppers[0], b"pepper-id", "sha256").hex()[:8]


def is_key(text: bytes | None) -> bool:
    """Whether it has the form of a company key."""
    return text is not None and _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How a key is used. `newest_digest`: the same key under the newest pepper, when it was known by an old one."""

    company_id: UUID
    digest: bytes
    last_used_at: datetime
    devices: int
    counted_at: datetime
    newest_digest: bytes | None
