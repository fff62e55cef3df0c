"""A payment was recorded by mistake, or its money went back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.invoices.store import invoices
from billing.money.rules.money import Money
from billing.payments.use_cases.record_payment import Paid
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.standing import standing
from servicekit.errors import NotFound
from servicekit.ids import new_id


async def reverse_payment(
    engine: AsyncEngine, encode: Encode, *, request: Request[Paid], company_id: UUID, payment_id: UUID, now: datetime
) -> bytes:
    """Takes it back, whole, by another payment of less than nothing; its reference may be used again.

    The subscription stays as it is: whether what is owed again makes it past due is the owner's decision. NotFound when
    the company has no such payment; InvalidInput and Refused as `Payment.reversal` says.
    """

    async def act(tx: AsyncConnection) -> Paid:
        current, _ = await standing(tx, encode, company_id, now)
        payment = await invoices.find_payment(tx, payment_id)
        if payment is None or payment.company_id != company_id:
            raise NotFound(f"Company {company_id} has no payment {payment_id}.")
        reversal = payment.reversal(new_id(), now, request.action)
        await invoices.add_payment(tx, reversal)
        return Paid(reversal, current, Money(await invoices.owed(tx, company_id), payment.amount.currency))

    return await once(engine, request, act)
