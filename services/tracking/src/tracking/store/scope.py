"""A transaction about one company: row-level security shows it that company's rows and no others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_SET = text("SELECT set_config('app.company_id', :company_id, true)")


@asynccontextmanager
async def company_scope(engine: AsyncEngine, company_id: UUID) -> AsyncIterator[AsyncConnection]:
    """Commits at the end, rolls back on any error; the setting ends with the transaction."""
    async with engine.begin() as tx:
        await tx.execute(_SET, {"company_id": str(company_id)})
        yield tx
