"""Passwords as argon2id hashes of their prepared text.

Parameters: 19 MiB, two passes, one lane, the least that OWASP's cheat sheet recommends and its recommendation where
many sign in: 22 ms of a core. RFC 9106's low-memory choice (64 MiB, three passes) takes eight times that; on two cores
it let 11 people a second sign in, and a crowd of strangers kept everybody waiting. Guesses at the sign-in form are
limited by counting, not by the hash. Hashes with other parameters are replaced when their owner signs in.

What is stored is `precis` and argon2's own text. Without the mark it was made before passwords were prepared
(RFC 8265), and is compared with the text as it was typed.
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

from credentials.hashing import Turn, in_turn
from credentials.preparation import prepared
from credentials.tokens import as_bytes

MARK = "precis"
SALT_BYTES = 16
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=SALT_BYTES)


def salt_for(key: bytes, account: bytes) -> bytes:
    """The salt of all accounts of one e-mail, so that one hash is compared with all of them.

    `key` is secret and random, `account` a digest of the e-mail: nobody can prepare for a salt.
    """
    return hmac.digest(key, account, sha256)[:SALT_BYTES]


async def hash_password(password: str, salt: bytes | None = None, turn: Turn | None = None) -> str:
    """What is stored of a password. Crowded: too many sign in at once; never without a `turn`."""
    text = prepared(password)
    work = partial(_hasher.hash, as_bytes(text), salt=salt or token_bytes(SALT_BYTES))
    made: str = await in_turn(turn or Turn(), work)
    return MARK + made


@dataclass(frozen=True, slots=True)
class _Way:
    """What has to be equal in two stored hashes for one computation to answer for both."""

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
    """Those that one computation can be compared with: as the first of `stored`, in their order."""
    first = _way_of(stored[0]) if stored else None
    return [text for text in stored if first is not None and _way_of(text) == first]


def is_current(stored: str, salt: bytes | None = None) -> bool:
    """Whether a hash is as new ones are made, with this salt if there is to be one."""
    way = _way_of(stored)
    return (
        way is not None
        and way.marked
        and (salt is None or way.salt == salt)
        and extract_parameters(stored.removeprefix(MARK)) == _parameters()
    )


async def matching(stored: Sequence[str], password: str, turn: Turn, *, salt: bytes | None = None) -> list[str]:
    """Which of the stored hashes the password opens. Exactly one hash is computed, also when there is none to open.

    Only those that go `together` with the first are compared. `salt` is that of new hashes of the same account; it is
    used when nothing is stored. Crowded: too many sign in at once.
    """
    comparable = together(stored)
    way = _way_of(comparable[0]) if comparable else None
    if way is None:
        way = _Way(_parameters(), salt or bytes(SALT_BYTES), marked=True)
    text = as_bytes(prepared_or_typed(password) if way.marked else password)
    computed = await in_turn(turn, partial(_compute, way, text))
    return [text for text in comparable if hmac.compare_digest(text.removeprefix(MARK).encode(), computed)]


def prepared_or_typed(password: str) -> str:
    """What is hashed of an attempt; a text that cannot be prepared opens nothing and takes as long."""
    try:
        return prepared(password)
    except ValueError:
        return password


async def verify_password(stored: str | None, password: str, turn: Turn | None = None) -> bool:
    """Whether `password` is the one; False, after the same work, when there is no hash to compare with."""
    return bool(await matching([stored] if stored else [], password, turn or Turn()))


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
