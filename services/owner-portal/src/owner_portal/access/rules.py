"""The calling owner, and the form tokens of the session."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

_DIGEST = 32  # bytes


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The calling owner, the session, and the time of the last step-up authentication."""

    owner_id: UUID
    email: str
    session_id: UUID
    proved_at: datetime
    has_second_factor: bool
    csrf_token: str = field(repr=False)


def csrf_token(session_token: str) -> str:
    """A token for the session's forms; each call returns another one, and all are valid.

    Derived from the session's token, so that the database reveals none. Masked with random bytes each time: pages are
    compressed, and their length must not reveal the token (BREACH).
    """
    mask = secrets.token_bytes(_DIGEST)
    derived = hmac.digest(session_token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256)
    return (mask + _xor(mask, derived)).hex()


def is_csrf_token(given: str, of_session: str) -> bool:
    """Whether both are tokens of the same session; takes constant time."""
    return hmac.compare_digest(_unmasked(given), _unmasked(of_session))


def _unmasked(token: str) -> bytes:
    """The unmasked value; random bytes, equal to no other, if it is not a token."""
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        raw = b""
    if len(raw) != 2 * _DIGEST:
        return secrets.token_bytes(_DIGEST)
    return _xor(raw[:_DIGEST], raw[_DIGEST:])


def _xor(first: bytes, second: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(first, second, strict=True))
