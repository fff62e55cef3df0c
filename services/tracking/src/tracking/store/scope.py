"""A transaction about a company, or about some: row-level security shows it their rows and no others."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_SET = text("SELECT set_config('app.company_id', :company_id, true)")
_SET_SEVERAL = text("SELECT set_config('app.company_ids', :company_ids, true)")


@asynccontextmanager
async def company_scope(engine: AsyncEngine, company_id: UUID) -> AsyncIterator[AsyncConnection]:
    """Commits at the end, rolls back on any error; the setting ends with the transaction."""
    async with engine.begin() as tx:
        await tx.execute(_SET, {"company_id": str(company_id)})
        yield tx


@asynccontextmanager
async def companies_scope(engine: AsyncEngine, company_ids: Iterable[UUID]) -> AsyncIterator[AsyncConnection]:
    """The same for the role that folds, and for some companies."""
    async with engine.begin() as tx:
        await tx.execute(_SET_SEVERAL, {"company_ids": f"{{{','.join(map(str, company_ids))}}}"})
        yield tx
