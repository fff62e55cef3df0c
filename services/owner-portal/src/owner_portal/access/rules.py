"""The owner who is calling, and the tokens of this owner's forms."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

_DIGEST = 32  # bytes


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is calling, by which session, and when this person last showed who it is."""

    owner_id: UUID
    email: str
    session_id: UUID
    proved_at: datetime
    has_second_factor: bool
    csrf_token: str = field(repr=False)


def csrf_token(session_token: str) -> str:
    """A token for the session's forms, another one each time, all of which count.

    Derived from the session's own, so that whoever reads the database learns none. Under a new mask each time: pages
    are compressed, and the length of a page that repeats what somebody else typed must not tell what else is in it.
    """
    mask = secrets.token_bytes(_DIGEST)
    derived = hmac.digest(session_token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256)
    return (mask + _xor(mask, derived)).hex()


def is_csrf_token(given: str, of_session: str) -> bool:
    """Whether both are tokens of the same session; takes as long whether they are or not."""
    return hmac.compare_digest(_unmasked(given), _unmasked(of_session))


def _unmasked(token: str) -> bytes:
    """What lies under the mask; random bytes, equal to nothing, when it is no token."""
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        raw = b""
    if len(raw) != 2 * _DIGEST:
        return secrets.token_bytes(_DIGEST)
    return _xor(raw[:_DIGEST], raw[_DIGEST:])


def _xor(first: bytes, second: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(first, second, strict=True))
