"""What was answered under each idempotency key. Kept for good: a key never has a second effect."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FIND = text("SELECT request_digest, answer FROM answer WHERE key = :key")
_KEEP = text("INSERT INTO answer (key, request_digest, answer) VALUES (:key, :digest, :answer)")


async def find(tx: AsyncConnection, key: str) -> tuple[bytes, bytes] | None:
    """The digest of the request and its answer; None when the key is new."""
    row = (await tx.execute(_FIND, {"key": key})).one_or_none()
    return None if row is None else (row.request_digest, row.answer)


async def keep(tx: AsyncConnection, key: str, digest: bytes, answer: bytes) -> None:
    """Remembers them. The caller holds the clock's lock and has found nothing."""
    await tx.execute(_KEEP, {"key": key, "digest": digest, "answer": answer})
