"""Companies that were closed, and since when; it is for ever."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_TAKE = text("""
    INSERT INTO closing (company_id, closed_at) VALUES (:company_id, :closed_at)
    ON CONFLICT DO NOTHING RETURNING true
""")
_FIND = text("SELECT company_id, closed_at FROM closing WHERE company_id = ANY(:company_ids)")


async def take(tx: AsyncConnection, company_id: UUID, closed_at: datetime) -> bool:
    """Whether nothing was known of it; from then on the company is closed."""
    result = await tx.execute(_TAKE, {"company_id": company_id, "closed_at": closed_at})
    return result.scalar_one_or_none() is not None


async def closed_at(tx: AsyncConnection, company_id: UUID) -> datetime | None:
    """When it was closed; None: it is open."""
    return (await among(tx, [company_id])).get(company_id)


async def among(tx: AsyncConnection, company_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Those of the companies that are closed, and since when."""
    rows = await tx.execute(_FIND, {"company_ids": list(company_ids)})
    return {row.company_id: row.closed_at for row in rows}
