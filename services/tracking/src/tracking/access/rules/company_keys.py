"""Company keys as the gateway knows them: digests under the platform's peppers, some with an expiry."""

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_KEY = re.compile(rb"company_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CompanyKey:
    """One key of a company. After a rotation with a grace period the old key is valid until `valid_until`; None: no
    expiry.

    `newest_digest` is set if the key was found by its digest under an old pepper.
    """

    company_id: UUID
    digest: bytes
    valid_until: datetime | None = None
    newest_digest: bytes | None = None

    def opens(self, now: datetime) -> bool:
        """Whether the key is valid at that moment."""
        return self.valid_until is None or now < self.valid_until


class Peppers:
    """The peppers under which digests may have been computed, newest first. There are several during a replacement."""

    def __init__(self, newest: bytes, *old: bytes) -> None:
        self._peppers = (newest, *old)

    def digests(self, key: bytes) -> Iterator[bytes]:
        """HMAC-SHA256 of the key under each pepper: the digests that tenancy may have stored."""
        return (hmac.digest(pepper, key, "sha256") for pepper in self._peppers)

    def newest_digest(self, key: bytes) -> bytes:
        """The digest under the newest pepper."""
        return next(self.digests(key))

    @property
    def newest_id(self) -> str:
        """The name by which tenancy knows the newest pepper."""
        return hmac.digest(self._peppers[0], b"pepper-id", "sha256").hex()[:8]


def is_key(text: bytes | None) -> bool:
    """Whether the text has the format of a company key."""
    return text is not None and _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How a key is used. `newest_digest`: the digest under the newest pepper, if the key was found under an old one."""

    company_id: UUID
    digest: bytes
    last_used_at: datetime
    devices: int
    counted_at: datetime
    newest_digest: bytes | None
