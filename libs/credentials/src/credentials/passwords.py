"""Passwords, hashed with argon2id after preparation.

The parameters, 19 MiB, two passes and one lane, are the minimum that OWASP recommends and take 22 ms of a core. RFC
9106's low-memory parameters (64 MiB, three passes) take eight times as long: two cores served 11 sign-ins per second,
and a burst of strangers delayed everybody. Guesses at the sign-in form are limited by throttling, not by the hash.
Hashes with other parameters are replaced when the person signs in.

A stored hash is `precis` followed by argon2's encoding. A hash without this mark is older than the preparation of
passwords (RFC 8265) and is compared with the raw input.
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from secrets import token_bytes

from argon2 import Parameters, PasswordHasher, Type, extract_parameters, low_level
from argon2.exceptions import Argon2Error, InvalidHashError

from credentials.hashing import QueuePlace, in_turn
from credentials.preparation import prepared
from credentials.tokens import as_bytes

MARK = "precis"
SALT_BYTES = 16
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=SALT_BYTES)


def salt_for(key: bytes, account: bytes) -> bytes:
    """Returns the salt of all accounts of one e-mail, so that one hash is compared with all of them.

    `key` is secret and random, so salts cannot be predicted; `account` is a digest of the e-mail.
    """
    return hmac.digest(key, account, sha256)[:SALT_BYTES]


async def hash_password(password: str, salt: bytes | None = None, queue_place: QueuePlace | None = None) -> str:
    """Returns the hash to store. With a `queue_place`, raises TooManySignIns on too many concurrent sign-ins."""
    text = prepared(password)
    work = partial(_hasher.hash, as_bytes(text), salt=salt or token_bytes(SALT_BYTES))
    made: str = await in_turn(queue_place or QueuePlace(), work)
    return MARK + made


@dataclass(frozen=True, slots=True)
class _Way:
    """What two stored hashes must share so that one computation is comparable with both."""

    parameters: Parameters
    salt: bytes
    marked: bool


def _way_of(stored: str) -> _Way | None:
    encoded = stored.removeprefix(MARK)
    try:
        return _Way(extract_parameters(encoded), _salt_in(encoded), stored.startswith(MARK))
    except (InvalidHashError, ValueError, IndexError):
        return None


def together(stored: Sequence[str]) -> list[str]:
    """Returns the hashes that one computation is comparable with, like the first of `stored`, in their order."""
    first = _way_of(stored[0]) if stored else None
    return [text for text in stored if first is not None and _way_of(text) == first]


def is_current(stored: str, salt: bytes | None = None) -> bool:
    """Returns whether a hash has the current parameters and, if given, this salt."""
    way = _way_of(stored)
    return (
        way is not None
        and way.marked
        and (salt is None or way.salt == salt)
        and extract_parameters(stored.removeprefix(MARK)) == _parameters()
    )


async def matching_hashes(
    stored: Sequence[str], password: str, queue_place: QueuePlace, *, salt: bytes | None = None
) -> list[str]:
    """Returns the stored hashes that the password matches. Computes exactly one hash, even if none is stored.

    Only hashes `together` with the first are compared. `salt` is the salt of new hashes of the same account, used if
    none is stored. Raises TooManySignIns on too many concurrent sign-ins.
    """
    comparable = together(stored)
    way = _way_of(comparable[0]) if comparable else None
    if way is None:
        way = _Way(_parameters(), salt or bytes(SALT_BYTES), marked=True)
    text = as_bytes(prepared_or_raw(password) if way.marked else password)
    computed = await in_turn(queue_place, partial(_compute, way, text))
    return [text for text in comparable if hmac.compare_digest(text.removeprefix(MARK).encode(), computed)]


def prepared_or_raw(password: str) -> str:
    """Returns the text to hash for an attempt. A text that cannot be prepared matches nothing but takes as long."""
    try:
        return prepared(password)
    except ValueError:
        return password


async def verify_password(stored: str | None, password: str, queue_place: QueuePlace | None = None) -> bool:
    """Returns whether `password` matches. Without a stored hash, returns False after the same work."""
    return bool(await matching_hashes([stored] if stored else [], password, queue_place or QueuePlace()))


def _parameters() -> Parameters:
    return Parameters(
        type=Type.ID,
        version=low_level.ARGON2_VERSION,
        salt_len=SALT_BYTES,
        hash_len=_hasher.hash_len,
        time_cost=_hasher.time_cost,
        memory_cost=_hasher.memory_cost,
        parallelism=_hasher.parallelism,
    )


def _salt_in(encoded: str) -> bytes:
    salt = encoded.split("$")[4]
    return base64.b64decode(salt + "=" * (-len(salt) % 4), validate=True)


def _compute(way: _Way, text: bytes) -> bytes:
    parameters = way.parameters
    try:
        return low_level.hash_secret(
            text,
            way.salt,
            time_cost=parameters.time_cost,
            memory_cost=parameters.memory_cost,
            parallelism=parameters.parallelism,
            hash_len=parameters.hash_len,
            type=parameters.type,
            version=parameters.version,
        )
    except Argon2Error:
        return b""
