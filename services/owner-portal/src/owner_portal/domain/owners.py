"""Owner accounts: how long a session lives, how often a password may be tried, what a password must be."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

SESSION_IDLE = timedelta(hours=12)
ATTEMPT_WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_ACCOUNT = 10
ATTEMPTS_PER_ADDRESS = 50
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000  # hashing time grows with it
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Owner:
    """An account of the portal."""

    owner_id: UUID
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is calling, by which session."""

    owner_id: UUID
    email: str
    csrf_token: str


def normal_email(email: str) -> str:
    """The form in which an account is stored and looked up."""
    return email.strip().casefold()


def csrf_token(session_token: str) -> str:
    """The session's token for forms. Derived, so that whoever reads the database learns none."""
    return hmac.new(session_token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, expected: str) -> bool:
    """Compares in constant time; bytes, because text outside ASCII would raise."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
