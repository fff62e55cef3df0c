"""Owner accounts: sessions, invitations, and their lifetimes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from owner_portal.text.rules import text_problem
from servicekit.errors import InvalidInput
from text_rules.addresses import Address

SESSION_IDLE = timedelta(hours=12)
MAX_SESSION_AGE = timedelta(days=7)  # also if it is in use
INVITATION_TIME = timedelta(hours=72)
CHALLENGE_TIME = timedelta(minutes=5)  # between the password and the code
MAX_TYPED_PASSWORD = 1000  # characters of an attempt
MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Owner:
    """An account of the portal that may sign in."""

    owner_id: UUID
    email: str
    password_hash: str = field(repr=False)
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An owner in the list of owners; `last_seen_at` is None without a session."""

    owner_id: UUID
    email: str
    created_at: datetime
    deactivated_at: datetime | None
    has_second_factor: bool
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to become an owner, valid until `expires_at`."""

    invitation_id: UUID
    email: str
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One session; `device` and `address` are those of its sign-in."""

    session_id: UUID
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """The origin of a request: IP address, device name, and the digest of the browser's token.

    `browser`: the digest of the token in its long-lived cookie; empty matches no account.
    """

    address: str
    device: str
    browser: bytes = b""


def address_of(typed: str) -> Address:
    """The e-mail address of an owner with its lookup key. InvalidInput: it is not an address."""
    if problem := text_problem(typed.strip(), MAX_EMAIL):
        raise InvalidInput(problem)
    try:
        return Address.parse(typed)
    except ValueError as error:
        raise InvalidInput("Enter an e-mail address such as owner@example.com.") from error


def check_repeated(password: str, again: str | None) -> None:
    """InvalidInput: the two entries of a new password differ."""
    if again is not None and again != password:
        raise InvalidInput("The passwords do not match.")
