"""Payments: recorded, taken back, listed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices import store as invoices
from billing.invoices.rules import refuse_credit
from billing.money.rules import Money
from billing.payments import store as payments
from billing.payments.client import PaymentAdapter
from billing.payments.rules import Payment, checked_amount, checked_reference, lies_ahead
from billing.subscriptions.rules.changes import Record
from billing.subscriptions.rules.lifecycle import settle
from billing.subscriptions.store import company_events
from billing.subscriptions.use_cases.periods import standing
from billing.subscriptions.use_cases.record_changes import Encode, record
from servicekit.errors import Conflict, InvalidInput, NotFound
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class Paid:
    """The payment, the subscription after it, and what is still owed; negative: paid in advance."""

    payment: Payment
    record: Record
    owed: Money


async def record_payment(
    engine: AsyncEngine,
    encode: Encode,
    adapter: PaymentAdapter,
    *,
    request: OwnerRequest,
    company_id: UUID,
    amount: Money,
    reference: str,
    received_at: datetime | None,
    only_what_is_owed: bool = False,
    now: datetime,
) -> Paid:
    """Notes a payment that its method confirms; a subscription past due is active again once nothing is owed.

    InvalidInput for no amount, another currency or a time that lies ahead; Conflict when the reference is there
    already; NotFound. Refused for more than is owed with `only_what_is_owed`, and always when the company was closed.
    """
    checked_amount(amount)
    reference = checked_reference(reference)
    if received_at is not None and lies_ahead(received_at, now):
        raise InvalidInput("The payment lies ahead: record it once it has arrived.")
    await adapter.confirm(company_id, amount, reference)

    async def act(tx: AsyncConnection) -> Paid:
        current, at = await standing(tx, encode, company_id, now)
        currency = current.subscription.plan.price_per_month.currency
        if amount.currency != currency:
            raise InvalidInput(f"Amount must be in {currency}, in which the company is charged.")
        payment = Payment(
            new_id(), company_id, amount, adapter.method, reference, received_at or now, now, request.action
        )
        if await payments.is_taken(tx, adapter.method, reference):
            raise Conflict(f"A {adapter.method} payment with the reference {reference} is recorded already.")
        closed_at = await company_events.closed_at(tx, company_id)
        refuse_credit(amount, await invoices.owed(tx, company_id), allowed=not only_what_is_owed, closed_at=closed_at)
        await payments.add_payment(tx, payment)
        owed = await invoices.owed(tx, company_id)
        change = settle(current.subscription, at, owed=owed)
        if change is not None:
            step = (current.subscription, change)
            (current,) = await record(tx, encode, [step], action=request.action, now=now)
        return Paid(payment, current, Money(owed, currency))

    return await carry_out(engine, request, act)


async def reverse_payment(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, payment_id: UUID, now: datetime
) -> Paid:
    """Takes it back, whole, by another payment of less than nothing; its reference may be used again.

    The subscription stays as it is: whether what is owed again makes it past due is the owner's decision. NotFound when
    the company has no such payment; InvalidInput and Refused as `Payment.reversal` says.
    """

    async def act(tx: AsyncConnection) -> Paid:
        current, _ = await standing(tx, encode, company_id, now)
        payment = await payments.find_payment(tx, payment_id)
        if payment is None or payment.company_id != company_id:
            raise NotFound(f"Company {company_id} has no payment {payment_id}.")
        reversal = payment.reversal(new_id(), now, request.action)
        await payments.add_payment(tx, reversal)
        return Paid(reversal, current, Money(await invoices.owed(tx, company_id), payment.amount.currency))

    return await carry_out(engine, request, act)


async def list_payments(
    engine: AsyncEngine, *, company_id: UUID | None, before: UUID | None, limit: int
) -> list[Payment]:
    """Up to `limit` payments of one company or of all, newest first, older than one."""
    async with engine.begin() as tx:
        return await payments.payments(tx, company_id=company_id, before=before, limit=limit)


async def get_payment(engine: AsyncEngine, *, company_id: UUID, payment_id: UUID) -> Payment:
    """NotFound when the company has no such payment."""
    async with engine.begin() as tx:
        payment = await payments.find_payment(tx, payment_id)
    if payment is None or payment.company_id != company_id:
        raise NotFound(f"Company {company_id} has no payment {payment_id}.")
    return payment
