"""Closings and reactivations of companies that were applied; an event that arrives twice has no second effect."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ADD_CLOSING = text("""
    INSERT INTO closing (company_id, closed_at) VALUES (:company_id, :closed_at)
    ON CONFLICT DO NOTHING RETURNING true
""")

_CLOSINGS = text("SELECT company_id, closed_at FROM closing WHERE company_id = ANY(:company_ids)")

_ADD_REACTIVATION = text("""
    INSERT INTO reactivation AS r (company_id, company_revision) VALUES (:company_id, :company_revision)
    ON CONFLICT (company_id) DO UPDATE SET company_revision = excluded.company_revision
    WHERE r.company_revision < excluded.company_revision
    RETURNING true
""")


async def add_closing(tx: AsyncConnection, company_id: UUID, closed_at: datetime) -> bool:
    """Stores that the company is closed; False when that is stored already."""
    result = await tx.execute(_ADD_CLOSING, {"company_id": company_id, "closed_at": closed_at})
    return result.scalar_one_or_none() is not None


async def closed_at(tx: AsyncConnection, company_id: UUID) -> datetime | None:
    """When the company was closed; None for an open one."""
    return (await closings_of(tx, [company_id])).get(company_id)


async def closings_of(tx: AsyncConnection, company_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each closed company among them was closed."""
    rows = await tx.execute(_CLOSINGS, {"company_ids": list(company_ids)})
    return {row.company_id: row.closed_at for row in rows}


async def add_reactivation(tx: AsyncConnection, company_id: UUID, company_revision: int) -> bool:
    """Stores the company's newest reactivation; False when one as new is stored already."""
    values = {"company_id": company_id, "company_revision": company_revision}
    return (await tx.execute(_ADD_REACTIVATION, values)).scalar_one_or_none() is not None
