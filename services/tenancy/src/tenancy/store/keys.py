"""Company keys: digests, never texts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tenancy.domain.keys import NewKey

_INSERT = text("""
    INSERT INTO company_key (digest, company_id, hint, created_at) VALUES (:digest, :company_id, :hint, :at)
""")

_REVOKE = text("UPDATE company_key SET revoked_at = :at WHERE company_id = :company_id AND revoked_at IS NULL")


async def insert(tx: AsyncConnection, company_id: UUID, key: NewKey, *, at: datetime) -> None:
    """Adds a live key."""
    await tx.execute(_INSERT, {"digest": key.digest, "company_id": company_id, "hint": key.hint, "at": at})


async def revoke_all(tx: AsyncConnection, company_id: UUID, *, at: datetime) -> None:
    """Ends every live key of a company."""
    await tx.execute(_REVOKE, {"company_id": company_id, "at": at})
