"""The newest reactivation of each company that was taken: what makes an event that comes twice harmless."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TAKE = text("""
    INSERT INTO reactivation AS r (company_id, company_revision) VALUES (:company_id, :company_revision)
    ON CONFLICT (company_id) DO UPDATE SET company_revision = excluded.company_revision
    WHERE r.company_revision < excluded.company_revision
    RETURNING true
""")


async def take(tx: AsyncConnection, company_id: UUID, company_revision: int) -> bool:
    """Whether this reactivation is newer than all that were taken; from then on it is the newest."""
    result = await tx.execute(_TAKE, {"company_id": company_id, "company_revision": company_revision})
    return result.scalar_one_or_none() is not None
