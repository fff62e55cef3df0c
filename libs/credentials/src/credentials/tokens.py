"""Random tokens, kept as digests."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """SHA-256 of a token: a token of 256 random bits needs no salt."""
    return hashlib.sha256(as_bytes(token)).digest()


def as_bytes(secret: str) -> bytes:
    """What is hashed of a secret. JSON may hold half a surrogate pair, which plain UTF-8 refuses."""
    return secret.encode("utf-8", "surrogatepass")
