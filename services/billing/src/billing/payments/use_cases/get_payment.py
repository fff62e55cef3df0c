"""One payment, whatever came of it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.invoices.store import invoices
from billing.payments.rules.payment import Payment
from servicekit.errors import NotFound


async def get_payment(engine: AsyncEngine, *, company_id: UUID, payment_id: UUID) -> Payment:
    """NotFound when the company has no such payment."""
    async with engine.begin() as tx:
        payment = await invoices.find_payment(tx, payment_id)
    if payment is None or payment.company_id != company_id:
        raise NotFound(f"Company {company_id} has no payment {payment_id}.")
    return payment
