"""What is owed and paid, and what that does to a subscription."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from billing.actions.rules import Action
from billing.actions.use_cases import OwnerRequest
from billing.money.rules import Money
from billing.payments.client import ManualAdapter, PaymentAdapter, PaymentAdapters
from billing.payments.use_cases import Paid, list_payments, record_payment, reverse_payment
from billing.subscriptions.messages import encode
from billing.subscriptions.rules.subscription import State
from billing.subscriptions.use_cases.company_events import start_trial
from billing.subscriptions.use_cases.lifecycle import mark_past_due, renew_subscription
from billing.subscriptions.use_cases.queries import get_subscription
from idempotency import AlreadyAnswered
from servicekit.errors import Conflict, InvalidInput, NotFound, Refused
from servicekit.ids import new_id

Ask = Callable[..., OwnerRequest]

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


class Provider:
    """An adapter that knows one payment."""

    method = "provider"

    async def confirm(self, company_id: UUID, amount: Money, reference: str) -> None:
        if (amount, reference) != (Money(9900, "USD"), "known"):
            raise Refused(f"the provider knows no payment {reference} of {amount.minor_units} for {company_id}")


async def paying(engine: AsyncEngine, ask: Ask) -> UUID:
    company = new_id()
    await start_trial(engine, encode, company_id=company, plan_code="PRO", now=NOW)
    await renew_subscription(engine, encode, request=ask(), company_id=company, now=NOW)
    return company


async def pay(
    engine: AsyncEngine,
    ask: Ask,
    company: UUID,
    amount: Money,
    *,
    reference: str = "",
    received_at: datetime | None = None,
    adapter: PaymentAdapter | None = None,
    only_what_is_owed: bool = False,
) -> Paid:
    return await record_payment(
        engine,
        encode,
        adapter or ManualAdapter(),
        request=ask(),
        company_id=company,
        amount=amount,
        reference=reference,
        received_at=received_at,
        only_what_is_owed=only_what_is_owed,
        now=LATER,
    )


async def test_past_due_until_all_is_paid(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    marked = await mark_past_due(engine, encode, request=ask(), company_id=company, now=LATER)
    assert marked.record.subscription.state is State.PAST_DUE
    part = await pay(engine, ask, company, Money(4000, "USD"), received_at=NOW)
    assert (part.owed, part.record.subscription.state) == (Money(5900, "USD"), State.PAST_DUE)
    rest = await pay(engine, ask, company, Money(6000, "USD"))
    assert (rest.owed, rest.record.subscription.state) == (Money(-100, "USD"), State.ACTIVE)
    assert (await get_subscription(engine, company_id=company, now=LATER)).owed == Money(-100, "USD")
    payments = await list_payments(engine, company_id=company, before=None, limit=10)
    assert [(each.amount.minor_units, each.received_at) for each in payments] == [(6000, LATER), (4000, NOW)]
    older = await list_payments(engine, company_id=None, before=payments[0].id, limit=1)
    assert older == payments[1:]
    with pytest.raises(Refused, match="Nothing is owed"):
        await mark_past_due(engine, encode, request=ask(), company_id=company, now=LATER)


async def test_a_reference_is_taken_once(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    await pay(engine, ask, company, Money(100, "USD"), reference="bank 17")
    with pytest.raises(Conflict, match="A manual payment with the reference bank 17 is recorded already"):
        await pay(engine, ask, company, Money(100, "USD"), reference="bank 17")
    assert (await get_subscription(engine, company_id=company, now=LATER)).owed == Money(9800, "USD")


async def test_a_provider_is_asked_first(engine: AsyncEngine, ask: Ask) -> None:
    company, adapters = await paying(engine, ask), PaymentAdapters([ManualAdapter(), Provider()])
    provider = adapters.find("provider")
    with pytest.raises(Refused, match="knows no payment"):
        await pay(engine, ask, company, Money(9900, "USD"), reference="unknown", adapter=provider)
    paid = await pay(engine, ask, company, Money(9900, "USD"), reference="known", adapter=provider)
    assert (paid.payment.method, paid.owed.minor_units) == ("provider", 0)
    assert adapters.find("").method == "manual"
    with pytest.raises(InvalidInput, match="use one of manual, provider"):
        adapters.find("barter")


@pytest.mark.parametrize(
    ("amount", "received_at", "reference"),
    [
        (Money(0, "USD"), None, ""),
        (Money(-1, "USD"), None, ""),
        (Money(1, "EUR"), None, ""),
        (Money(1, "USD"), LATER + timedelta(seconds=1), ""),
        (Money(1, "USD"), None, "x" * 201),
    ],
)
async def test_payments_that_cannot_be(
    engine: AsyncEngine, ask: Ask, amount: Money, received_at: datetime | None, reference: str
) -> None:
    company = await paying(engine, ask)
    with pytest.raises(InvalidInput):
        await pay(engine, ask, company, amount, reference=reference, received_at=received_at)


@pytest.mark.parametrize(
    ("received_at", "lies_ahead"),
    [
        (datetime(2026, 11, 27, tzinfo=UTC), False),  # at LATER, noon in UTC, it has begun in Auckland
        (datetime(2026, 11, 27, 0, 0, 1, tzinfo=UTC), True),
        (datetime(2026, 11, 28, tzinfo=UTC), True),
    ],
)
async def test_a_day_that_has_begun_somewhere_is_not_ahead(
    engine: AsyncEngine, ask: Ask, received_at: datetime, lies_ahead: bool
) -> None:
    company = await paying(engine, ask)
    payment = pay(engine, ask, company, Money(1, "USD"), received_at=received_at)
    if lies_ahead:
        with pytest.raises(InvalidInput, match="lies ahead"):
            await payment
    else:
        assert (await payment).payment.received_at == received_at


async def test_more_than_is_owed_is_taken_only_when_that_is_meant(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    with pytest.raises(Refused, match=r"99\.00 USD are owed: 51\.00 USD would be paid in advance\. Confirm that"):
        await pay(engine, ask, company, Money(15000, "USD"), only_what_is_owed=True)
    assert (await pay(engine, ask, company, Money(9900, "USD"), only_what_is_owed=True)).owed == Money(0, "USD")
    with pytest.raises(Refused, match=r"Nothing is owed: 0\.01 USD would be paid in advance"):
        await pay(engine, ask, company, Money(1, "USD"), only_what_is_owed=True)
    assert (await pay(engine, ask, company, Money(100, "USD"))).owed == Money(-100, "USD")


async def reverse(engine: AsyncEngine, request: OwnerRequest, company: UUID, payment: UUID) -> Paid:
    return await reverse_payment(
        engine, encode, request=request, company_id=company, payment_id=payment, now=LATER + timedelta(hours=1)
    )


async def test_a_payment_is_taken_back_by_another_that_stays(engine: AsyncEngine, ask: Ask) -> None:
    company = await paying(engine, ask)
    wrong = (await pay(engine, ask, company, Money(99000, "USD"), reference="bank 18")).payment
    request = ask()
    taken_back = await reverse(engine, request, company, wrong.id)
    assert (taken_back.payment.amount, taken_back.payment.reverses) == (Money(-99000, "USD"), wrong.id)
    assert (taken_back.owed, taken_back.record.subscription.state) == (Money(9900, "USD"), State.ACTIVE)
    with pytest.raises(AlreadyAnswered):
        await reverse(engine, request, company, wrong.id)
    listed = await list_payments(engine, company_id=company, before=None, limit=10)
    assert listed == [taken_back.payment, replace(wrong, is_reversed=True)]
    right = await pay(engine, ask, company, Money(9900, "USD"), reference="bank 18")
    assert right.owed == Money(0, "USD"), "the reference is free again"
    with pytest.raises(Conflict):
        await pay(engine, ask, company, Money(1, "USD"), reference="bank 18")


async def test_what_cannot_be_taken_back(engine: AsyncEngine, ask: Ask) -> None:
    company, other = await paying(engine, ask), await paying(engine, ask)
    payment = (await pay(engine, ask, company, Money(9900, "USD"))).payment
    with pytest.raises(InvalidInput, match="Reason is missing: say why the payment is taken back"):
        await reverse(engine, replace(ask(), action=Action("owner@example.com", "")), company, payment.id)
    for elsewhere, unknown in ((other, payment.id), (company, new_id())):
        with pytest.raises(NotFound, match="has no payment"):
            await reverse(engine, ask(), elsewhere, unknown)
    reversal = (await reverse(engine, ask(), company, payment.id)).payment
    with pytest.raises(Refused, match="The payment was taken back before"):
        await reverse(engine, ask(), company, payment.id)
    with pytest.raises(Refused, match="This takes a payment back, and stays"):
        await reverse(engine, ask(), company, reversal.id)
    assert (await get_subscription(engine, company_id=company, now=LATER)).owed == Money(9900, "USD")
