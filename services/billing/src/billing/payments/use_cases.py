"""Payments: recorded, reversed, listed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases import OwnerRequest, carry_out
from billing.invoices import store as invoices
from billing.invoices.rules import check_overpayment
from billing.money.rules import Money
from billing.payments import store as payments
from billing.payments.client import PaymentMethod
from billing.payments.rules import Payment, checked_amount, checked_reference, lies_ahead
from billing.subscriptions.rules.changes import SubscriptionRecord
from billing.subscriptions.rules.lifecycle import settle
from billing.subscriptions.store import company_events
from billing.subscriptions.use_cases.periods import load_current
from billing.subscriptions.use_cases.record_changes import Encode, record_changes
from servicekit.errors import Conflict, InvalidInput, NotFound
from servicekit.ids import new_id


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """The payment, the subscription after it, and the balance; negative after a prepayment."""

    payment: Payment
    record: SubscriptionRecord
    balance: Money


async def record_payment(
    engine: AsyncEngine,
    encode: Encode,
    adapter: PaymentMethod,
    *,
    request: OwnerRequest,
    company_id: UUID,
    amount: Money,
    reference: str,
    received_at: datetime | None,
    only_what_is_owed: bool = False,
    now: datetime,
) -> PaymentResult:
    """Records a payment that its method confirms. A past due subscription becomes active when the balance is paid.

    InvalidInput for an invalid amount, another currency or a time in the future; Conflict when the reference is already
    recorded; NotFound without a subscription; Refused for a prepayment with `only_what_is_owed`, and always for a
    prepayment of a closed company.
    """
    checked_amount(amount)
    reference = checked_reference(reference)
    if received_at is not None and lies_ahead(received_at, now):
        raise InvalidInput(
            "The payment date is in the future: record the payment once it has arrived.", field="paid_at"
        )
    await adapter.confirm(company_id, amount, reference)

    async def act(tx: AsyncConnection) -> PaymentResult:
        current, at = await load_current(tx, encode, company_id, now)
        currency = current.subscription.plan.price_per_month.currency
        if amount.currency != currency:
            raise InvalidInput(f"Amount must be in {currency}, the currency of the company's plan.", field="amount")
        payment = Payment(
            new_id(), company_id, amount, adapter.method, reference, received_at or now, now, request.action
        )
        if await payments.is_taken(tx, adapter.method, reference):
            raise Conflict(f"A {adapter.method} payment with the reference {reference} is already recorded.")
        closed_at = await company_events.closed_at(tx, company_id)
        check_overpayment(
            amount, await invoices.balance(tx, company_id), allowed=not only_what_is_owed, closed_at=closed_at
        )
        await payments.add_payment(tx, payment)
        balance = await invoices.balance(tx, company_id)
        change = settle(current.subscription, at, balance=balance)
        if change is not None:
            step = (current.subscription, change)
            (current,) = await record_changes(tx, encode, [step], action=request.action, now=now)
        return PaymentResult(payment, current, Money(balance, currency))

    return await carry_out(engine, request, act)


async def reverse_payment(
    engine: AsyncEngine, encode: Encode, *, request: OwnerRequest, company_id: UUID, payment_id: UUID, now: datetime
) -> PaymentResult:
    """Reverses a whole payment; its reference may be used again.

    The subscription stays as it is: whether the balance makes it past due is the owner's decision. NotFound when the
    company has no such payment; InvalidInput and Refused as by `Payment.reversal`.
    """

    async def act(tx: AsyncConnection) -> PaymentResult:
        current, _ = await load_current(tx, encode, company_id, now)
        payment = await payments.find_payment(tx, payment_id)
        if payment is None or payment.company_id != company_id:
            raise NotFound(f"Company {company_id} has no payment {payment_id}.")
        reversal = payment.reversal(new_id(), now, request.action)
        await payments.add_payment(tx, reversal)
        return PaymentResult(reversal, current, Money(await invoices.balance(tx, company_id), payment.amount.currency))

    return await carry_out(engine, request, act)


async def list_payments(
    engine: AsyncEngine, *, company_id: UUID | None, before: UUID | None, limit: int
) -> list[Payment]:
    """Up to `limit` payments of one company or of all, newest first, older than one."""
    async with engine.begin() as tx:
        return await payments.payments(tx, company_id=company_id, before=before, limit=limit)


async def get_payment(engine: AsyncEngine, *, company_id: UUID, payment_id: UUID) -> Payment:
    """A payment of the company; NotFound when it has no such payment."""
    async with engine.begin() as tx:
        payment = await payments.find_payment(tx, payment_id)
    if payment is None or payment.company_id != company_id:
        raise NotFound(f"Company {company_id} has no payment {payment_id}.")
    return payment
