"""Encrypts secrets that must be read again, such as those of second factors, for the database and its backups."""

import os
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = structlog.get_logger()

_NONCE = 12


class SecretBox:
    """AES-256-GCM with one key. A secret sealed for one owner cannot be opened for another."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, *, owner_id: UUID) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret, owner_id.bytes)

    def open(self, sealed: bytes, *, owner_id: UUID) -> bytes | None:
        """The secret of this owner; None and a log event if the key or the owner is another."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner_id.bytes)
        except InvalidTag:
            log.error(
                "cannot decrypt a sealed secret: check that PORTAL_SECRET_KEY has not changed", owner_id=str(owner_id)
            )
            return None
