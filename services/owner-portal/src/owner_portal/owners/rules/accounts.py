"""Owner accounts: what a password must be, how long sessions and invitations live, how often may be guessed."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from owner_portal.companies.rules.drafts import text_problem
from servicekit.errors import InvalidInput
from text_rules.addresses import Address

SESSION_IDLE = timedelta(hours=12)
SESSION_LONGEST = timedelta(days=7)  # however busy it is
INVITATION_TIME = timedelta(hours=72)
CHALLENGE_TIME = timedelta(minutes=5)  # between the password and the code
MAX_TYPED_PASSWORD = 1000  # characters of an attempt
LONGEST_EMAIL = 254
_DIGEST = 32  # bytes


@dataclass(frozen=True, slots=True)
class Owner:
    """An account of the portal that may sign in."""

    owner_id: UUID
    email: str
    password_hash: str = field(repr=False)
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is calling, by which session, and when this person last showed who it is."""

    owner_id: UUID
    email: str
    session_id: UUID
    proved_at: datetime
    has_second_factor: bool
    csrf_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """An owner as the other owners see it; `last_seen_at` is None without a session."""

    owner_id: UUID
    email: str
    created_at: datetime
    deactivated_at: datetime | None
    has_second_factor: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may become an owner until `expires_at`."""

    invitation_id: UUID
    email: str
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in that lasts: `device` and `address` are those it began with."""

    session_id: UUID
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from: an IP address, what kind of browser says to have sent it, and the browser's digest.

    `browser`: of the token in its long-lived cookie; what is no digest is known to no account.
    """

    address: str
    device: str
    browser: bytes = b""


def address_of(typed: str) -> Address:
    """Where mail for an owner goes, and by what key the account is found. InvalidInput: it is no address."""
    if problem := text_problem(typed.strip(), LONGEST_EMAIL):
        raise InvalidInput(problem)
    try:
        return Address.parse(typed)
    except ValueError as error:
        raise InvalidInput("Enter an e-mail address such as owner@example.com.") from error


def check_repeated(password: str, again: str | None) -> None:
    """InvalidInput when a form that asks for a new password twice got two different ones."""
    if again is not None and again != password:
        raise InvalidInput("The two passwords differ. Type the same one twice.")


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
