"""Known browsers: those that an owner has signed in with."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_KEPT = 20  # per account; the least recently used ones are removed

_IS_KNOWN = text("""
    SELECT EXISTS (
        SELECT FROM known_browser
        WHERE owner_id = :owner_id AND digest = :digest AND used_at > now() - interval '90 days'
    )
""")

_REMEMBER = text("""
    INSERT INTO known_browser (owner_id, digest) VALUES (:owner_id, :digest)
    ON CONFLICT (owner_id, digest) DO UPDATE SET used_at = excluded.used_at
""")

_PRUNE = text("""
    DELETE FROM known_browser WHERE owner_id = :owner_id AND digest IN (
        SELECT digest FROM known_browser WHERE owner_id = :owner_id ORDER BY used_at DESC, digest OFFSET :kept
    )
""")

_FORGET = text("DELETE FROM known_browser WHERE owner_id = :owner_id")

_SWEEP = text("DELETE FROM known_browser WHERE used_at <= now() - interval '90 days'")


async def is_known(tx: AsyncConnection, owner_id: UUID, digest: bytes) -> bool:
    """Whether the owner signed in with this browser in the last 90 days."""
    return bool((await tx.execute(_IS_KNOWN, {"owner_id": owner_id, "digest": digest})).scalar_one())


async def remember(tx: AsyncConnection, owner_id: UUID, digest: bytes) -> None:
    """Records a sign-in with this browser."""
    await tx.execute(_REMEMBER, {"owner_id": owner_id, "digest": digest})
    await tx.execute(_PRUNE, {"owner_id": owner_id, "kept": MAX_KEPT})


async def forget(tx: AsyncConnection, owner_id: UUID) -> None:
    """Forgets all known browsers of the account."""
    await tx.execute(_FORGET, {"owner_id": owner_id})


async def sweep(tx: AsyncConnection) -> None:
    """Forgets what has not been used for 90 days."""
    await tx.execute(_SWEEP)
