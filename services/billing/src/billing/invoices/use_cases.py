"""What was charged and credited."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.invoices import store as invoices
from billing.invoices.rules import InvoiceLine


async def list_invoice_lines(
    engine: AsyncEngine, *, company_id: UUID | None, before: UUID | None, limit: int
) -> list[InvoiceLine]:
    """Up to `limit` lines of one company or of all, newest first, older than one."""
    async with engine.begin() as tx:
        return await invoices.lines(tx, company_id=company_id, before=before, limit=limit)
