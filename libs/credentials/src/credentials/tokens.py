"""Random tokens, stored as digests."""

import hashlib
import secrets


def new_token() -> str:
    """Returns 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """Returns the SHA-256 of a token; 256 random bits need no salt."""
    return hashlib.sha256(as_bytes(token)).digest()


def as_bytes(secret: str) -> bytes:
    """Returns the bytes to hash. JSON may contain a lone surrogate, which strict UTF-8 refuses."""
    return secret.encode("utf-8", "surrogatepass")
