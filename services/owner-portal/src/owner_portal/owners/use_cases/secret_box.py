"""Keeps secrets that must be read again, such as a second factor's, unreadable in the database and its backups."""

import os
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = structlog.get_logger()

_NONCE = 12


class SecretBox:
    """AES-256-GCM under one key. What is sealed for one owner opens for no other."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, *, owner_id: UUID) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, owner_id.bytes)

    def open(self, sealed: bytes, *, owner_id: UUID) -> bytes | None:
        """What was sealed for this owner; None, and a line in the log, under another key or for another owner."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner_id.bytes)
        except InvalidTag:
            log.error(
                "a sealed secret cannot be opened: is this the key that it was sealed under?", owner_id=str(owner_id)
            )
            return None
