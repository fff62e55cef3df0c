"""Money has arrived."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.use_cases.once import Request, once
from billing.invoices.store import invoices
from billing.money.rules.money import Money
from billing.payments.client.adapters import PaymentAdapter
from billing.payments.rules.payment import Payment, checked_amount, checked_reference, refuse_credit
from billing.subscriptions.rules.change import Record
from billing.subscriptions.rules.lifecycle import settle
from billing.subscriptions.store import closings
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.recording import record
from billing.subscriptions.use_cases.standing import standing
from servicekit.errors import Conflict, InvalidInput
from servicekit.ids import new_id

EARLIEST_ZONE = timedelta(hours=14)  # ahead of UTC: where each day begins first


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
    request: Request[Paid],
    company_id: UUID,
    amount: Money,
    reference: str,
    received_at: datetime | None,
    only_what_is_owed: bool = False,
    now: datetime,
) -> bytes:
    """Notes a payment that its method confirms; a subscription past due is active again once nothing is owed.

    InvalidInput for no amount, another currency or a time that lies ahead; Conflict when the reference is there
    already; NotFound. Refused for more than is owed with `only_what_is_owed`, and always when the company was closed.
    """
    checked_amount(amount)
    reference = checked_reference(reference)
    if received_at is not None and _lies_ahead(received_at, now):
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
        if await invoices.is_taken(tx, adapter.method, reference):
            raise Conflict(f"A {adapter.method} payment with the reference {reference} is recorded already.")
        closed_at = await closings.closed_at(tx, company_id)
        refuse_credit(amount, await invoices.owed(tx, company_id), allowed=not only_what_is_owed, closed_at=closed_at)
        await invoices.add_payment(tx, payment)
        owed = await invoices.owed(tx, company_id)
        change = settle(current.subscription, at, owed=owed)
        if change is not None:
            step = (current.subscription, change)
            (current,) = await record(tx, encode, [step], action=request.action, now=now)
        return Paid(payment, current, Money(owed, currency))

    return await once(engine, request, act)


def _lies_ahead(received_at: datetime, now: datetime) -> bool:
    """A moment does when it is later than now; a day, said by its beginning in UTC, until it begins somewhere."""
    moment = received_at.astimezone(UTC)
    is_day = moment == datetime.combine(moment.date(), time(), UTC)
    return moment > (now + EARLIEST_ZONE if is_day else now)
