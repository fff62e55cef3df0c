"""Owner accounts: what a password must be, how long sessions and invitations live, how often may be guessed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from owner_portal.text.rules import text_problem
from servicekit.errors import InvalidInput
from text_rules.addresses import Address

SESSION_IDLE = timedelta(hours=12)
SESSION_LONGEST = timedelta(days=7)  # however busy it is
INVITATION_TIME = timedelta(hours=72)
CHALLENGE_TIME = timedelta(minutes=5)  # between the password and the code
MAX_TYPED_PASSWORD = 1000  # characters of an attempt
LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Owner:
    """An account of the portal that may sign in."""

    owner_id: UUID
    email: str
    password_hash: str = field(repr=False)
    has_second_factor: bool


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
