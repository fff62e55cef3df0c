"""Passwords as argon2id hashes. Hashing takes tens of ms: it has threads of its own."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from credentials.tokens import as_bytes

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(2, "passwords")  # each hash takes 64 MiB, and other work in threads must not wait for it
# Verified when there is no account, so that an unknown name takes as long as a wrong password.
_DUMMY = _hasher.hash(secrets.token_hex(16))


async def hash_password(password: str) -> str:
    """The argon2id hash with its parameters and salt."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, as_bytes(password))


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one; False, in the same time, when there is no hash to compare with."""

    def verify() -> bool:
        try:
            _hasher.verify(stored or _DUMMY, as_bytes(password))
        except (Argon2Error, InvalidHashError):
            return False
        return stored is not None

    return await asyncio.get_running_loop().run_in_executor(_threads, verify)
