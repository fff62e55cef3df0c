"""Company keys, which trackers present with each request. Their text is shown once; only digests are stored."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from servicekit.errors import InvalidInput, Refused
from servicekit.ids import new_id
from tenancy.keys.rules.peppers import Pepper, Peppers

PREFIX = "company_"
RANDOM_BYTES = 16
SEED_BYTES = 32
HINT_LENGTH = 4
MAX_GRACE_PERIOD = timedelta(days=90)
MAX_OPEN_KEYS = 10


@dataclass(frozen=True, slots=True)
class NewCompanyKey:
    """A new key, at the only moment when its text is known.

    The text is derived from the seed and the pepper, so it can be shown again while the seed is stored.
    """

    id: UUID
    text: str = field(repr=False)
    seed: bytes = field(repr=False)
    pepper: Pepper

    @property
    def digest(self) -> bytes:
        return self.pepper.digest(self.text)

    @property
    def issued(self) -> "IssuedKey":
        return IssuedKey(self.seed, self.pepper.id)

    @property
    def hint(self) -> str:
        return self.text[-HINT_LENGTH:]


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """The seed of a key, which is stored for a day, and the id of its pepper: with the pepper they give the text."""

    seed: bytes = field(repr=False)
    pepper_id: str

    def text(self, peppers: Peppers) -> str:
        """The text of the key. Refused when the pepper is no longer configured."""
        pepper = peppers.find(self.pepper_id)
        if pepper is None:
            raise Refused("this key cannot be shown again, because its pepper was removed: rotate the key")
        return key_text(self.seed, pepper)


def new_key(pepper: Pepper) -> NewCompanyKey:
    """A new key, `company_<32 hex>`, with 128 random bits."""
    seed = secrets.token_bytes(SEED_BYTES)
    return NewCompanyKey(new_id(), key_text(seed, pepper), seed, pepper)


def key_text(seed: bytes, pepper: Pepper) -> str:
    """The text that belongs to a seed."""
    return PREFIX + hmac.digest(pepper.secret, b"key-seed" + seed, hashlib.sha256)[:RANDOM_BYTES].hex()


class KeyState(StrEnum):
    """The state of a key: valid, valid until the end of its grace period, or ended."""

    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CompanyKey:
    """A key without its text. It is valid without end when `valid_until` is None."""

    id: UUID
    hint: str
    created_at: datetime
    valid_until: datetime | None
    last_used_at: datetime | None
    devices: int
    pepper_id: str

    def state(self, now: datetime) -> KeyState:
        """The state at `now`; at `valid_until` itself the key has ended."""
        if self.valid_until is None:
            return KeyState.LIVE
        return KeyState.ENDING if now < self.valid_until else KeyState.ENDED

    def check_revocable(self, now: datetime) -> None:
        """Refused when the key has already ended."""
        if self.state(now) is KeyState.ENDED:
            raise Refused(f"cannot revoke this key: it ended at {self.valid_until}")


@dataclass(frozen=True, slots=True)
class CompanyKeyRotated:
    company_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class CompanyKeyRevoked:
    company_id: UUID
    revision: int


def checked_grace(seconds: int) -> timedelta:
    """The grace period of replaced keys. InvalidInput above the maximum."""
    grace = timedelta(seconds=seconds)
    if grace > MAX_GRACE_PERIOD:
        raise InvalidInput(
            f"grace_seconds is {seconds}: give at most {MAX_GRACE_PERIOD // timedelta(seconds=1)} (90 days)",
            field="grace_seconds",
        )
    return grace


def check_room(open_keys: int, grace: timedelta) -> None:
    """Refused when one more key would exceed the maximum. A rotation without a grace period always succeeds."""
    if grace and open_keys >= MAX_OPEN_KEYS:
        raise Refused(
            f"{open_keys} keys of this company are valid: revoke one of them, or rotate without a grace period"
        )
