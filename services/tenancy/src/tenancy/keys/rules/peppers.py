"""The secrets under which keys are stored. A new one takes over key by key, while the old ones still open."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

ID_LENGTH = 8


@dataclass(frozen=True)
class Pepper:
    """A secret of at least 16 bytes."""

    secret: bytes = field(repr=False)

    @cached_property
    def id(self) -> str:
        """Tells peppers apart without giving them away: eight hexadecimal digits."""
        return hmac.digest(self.secret, b"pepper-id", hashlib.sha256).hex()[:ID_LENGTH]

    def digest(self, key: str) -> bytes:
        """HMAC-SHA256 of a key's text, 32 bytes. A copied database opens nothing without the pepper."""
        return hmac.digest(self.secret, key.encode(), hashlib.sha256)


@dataclass(frozen=True)
class Peppers:
    """The one for new keys and those that are being replaced."""

    current: Pepper
    old: Sequence[Pepper] = ()

    @classmethod
    def of(cls, current: bytes, *old: bytes) -> "Peppers":
        """From the secrets themselves."""
        return cls(Pepper(current), tuple(map(Pepper, old)))

    def find(self, pepper_id: str) -> Pepper | None:
        """The pepper with that id, while it is known."""
        return next((pepper for pepper in (self.current, *self.old) if pepper.id == pepper_id), None)
