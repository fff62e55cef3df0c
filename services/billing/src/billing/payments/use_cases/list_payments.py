"""What was paid."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.invoices.store import invoices
from billing.payments.rules.payment import Payment


async def list_payments(
    engine: AsyncEngine, *, company_id: UUID | None, before: UUID | None, limit: int
) -> list[Payment]:
    """Up to `limit` payments of one company or of all, newest first, older than one."""
    async with engine.begin() as tx:
        return await invoices.payments(tx, company_id=company_id, before=before, limit=limit)
