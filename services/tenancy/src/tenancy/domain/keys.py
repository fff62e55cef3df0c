"""Company keys: what a tracker shows with every call. The text exists once; only its digest is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

PREFIX = "company_"
RANDOM_BYTES = 16
HINT_LENGTH = 4


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment when its text is known."""

    text: str = field(repr=False)
    digest: bytes
    hint: str


def new_key(pepper: bytes) -> NewKey:
    """A fresh `company_<32 hex>` with 128 random bits."""
    text = PREFIX + secrets.token_hex(RANDOM_BYTES)
    return NewKey(text=text, digest=key_digest(text, pepper), hint=text[-HINT_LENGTH:])


def key_digest(text: str, pepper: bytes) -> bytes:
    """HMAC-SHA256 of the key's text, 32 bytes. A copied database opens nothing without the pepper."""
    return hmac.digest(pepper, text.encode(), hashlib.sha256)
