"""Company keys: what a tracker shows with every call. The text is shown once; only its digest is kept."""

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
LONGEST_GRACE = timedelta(days=90)
MOST_OPEN_KEYS = 10


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment when its text is known.

    The text follows from the seed and the pepper, so that it can be shown again for as long as the seed is kept.
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
    """From what a key's text can be computed again: the seed is stored for a day, the pepper is not stored at all."""

    seed: bytes = field(repr=False)
    pepper_id: str

    def text(self, peppers: Peppers) -> str:
        """Refused when the pepper is no longer known."""
        pepper = peppers.find(self.pepper_id)
        if pepper is None:
            raise Refused("this key cannot be shown again, its pepper is gone: rotate the key")
        return key_text(self.seed, pepper)


def new_key(pepper: Pepper) -> NewKey:
    """A fresh `company_<32 hex>` with 128 bits that nobody can guess."""
    seed = secrets.token_bytes(SEED_BYTES)
    return NewKey(new_id(), key_text(seed, pepper), seed, pepper)


def key_text(seed: bytes, pepper: Pepper) -> str:
    """The text of the key that was made from `seed`."""
    return PREFIX + hmac.digest(pepper.secret, b"key-seed" + seed, hashlib.sha256)[:RANDOM_BYTES].hex()


class KeyState(StrEnum):
    """Whether a key opens."""

    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is known for the rest of its life. `valid_until` None: until further notice."""

    id: UUID
    hint: str
    created_at: datetime
    valid_until: datetime | None
    last_used_at: datetime | None
    devices: int
    pepper_id: str

    def state(self, now: datetime) -> KeyState:
        """Whether it opens at `now`; at `valid_until` itself it does not."""
        if self.valid_until is None:
            return KeyState.LIVE
        return KeyState.ENDING if now < self.valid_until else KeyState.ENDED

    def check_revocable(self, now: datetime) -> None:
        """Refused when the key has ended already."""
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
    """How long replaced keys go on to open. InvalidInput when that is too long."""
    grace = timedelta(seconds=seconds)
    if grace > LONGEST_GRACE:
        raise InvalidInput(
            f"grace_seconds is {seconds}: give at most {LONGEST_GRACE // timedelta(seconds=1)} (90 days)"
        )
    return grace


def check_room(open_keys: int, grace: timedelta) -> None:
    """Refused when one more key would be too many. Without grace a rotation always succeeds."""
    if grace and open_keys >= MOST_OPEN_KEYS:
        raise Refused(f"{open_keys} keys of this company are open: revoke one of them, or rotate without grace")
