"""What pages ask billing about a company's subscription; answers are cached for when it does not respond."""

from uuid import UUID

from pydantic import TypeAdapter

from owner_portal.freshness.use_cases import Question, none_if_missing
from owner_portal.subscriptions.client.invoices import InvoiceClient
from owner_portal.subscriptions.client.subscriptions import SubscriptionClient
from owner_portal.subscriptions.rules.payments import Line, Payment
from owner_portal.subscriptions.rules.subscriptions import CurrentSubscription, ScheduledChange, SubscriptionRecord
from owner_portal.web.portal import Portal

PAGE = 25
_STANDING = TypeAdapter(CurrentSubscription | None)
_HISTORY = TypeAdapter(list[SubscriptionRecord])
_SCHEDULED = TypeAdapter(list[ScheduledChange])
_LINES = TypeAdapter(list[Line])
_PAYMENTS = TypeAdapter(list[Payment])
_PAYMENT = TypeAdapter(Payment | None)


def standing(portal: Portal, company_id: UUID) -> Question[CurrentSubscription | None]:
    """Its current subscription; None while a new company has none."""

    async def ask() -> CurrentSubscription | None:
        return await none_if_missing(lambda: portal.get(SubscriptionClient).standing(company_id))

    return Question("Billing", f"{company_id} standing", ask, _STANDING)


def history(portal: Portal, company_id: UUID) -> Question[list[SubscriptionRecord]]:
    """The newest changes of its subscription."""

    async def ask() -> list[SubscriptionRecord]:
        return await portal.get(SubscriptionClient).history(company_id, limit=PAGE)

    return Question("Billing", f"{company_id} history", ask, _HISTORY)


def scheduled(portal: Portal, company_id: UUID, *, settled: bool = False) -> Question[list[ScheduledChange]]:
    """Its pending changes; with `settled` also earlier ones."""

    async def ask() -> list[ScheduledChange]:
        return await portal.get(SubscriptionClient).scheduled_changes(company_id, settled=settled)

    return Question("Billing", f"{company_id} scheduled{' and settled' if settled else ''}", ask, _SCHEDULED)


def lines(portal: Portal, company_id: UUID, before_id: str) -> Question[list[Line]]:
    """A page of charges and credits, and one more row if there is another page."""

    async def ask() -> list[Line]:
        return await portal.get(InvoiceClient).lines(company_id, before_id=before_id, limit=PAGE + 1)

    return Question("Billing", f"{company_id} lines {before_id}", ask, _LINES)


def payments(portal: Portal, company_id: UUID, before_id: str) -> Question[list[Payment]]:
    """The same for payments."""

    async def ask() -> list[Payment]:
        return await portal.get(InvoiceClient).payments(company_id, before_id=before_id, limit=PAGE + 1)

    return Question("Billing", f"{company_id} payments {before_id}", ask, _PAYMENTS)


def payment(portal: Portal, company_id: UUID, payment_id: UUID) -> Question[Payment | None]:
    """One of its payments; None if there is no such payment."""

    async def ask() -> Payment | None:
        return await none_if_missing(lambda: portal.get(InvoiceClient).payment(company_id, payment_id))

    return Question("Billing", f"{company_id} payment {payment_id}", ask, _PAYMENT)
