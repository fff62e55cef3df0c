"""What pages about a company ask tenancy and billing; each answer is kept for the time when they are silent."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from owner_portal.companies.rules.keys import Key
from owner_portal.companies.rules.policy import TrackingPolicy
from owner_portal.directory.rules.companies import Plan
from owner_portal.freshness.use_cases.with_memory import Question
from owner_portal.subscriptions.rules.money import Line, Payment
from owner_portal.subscriptions.rules.subscriptions import ScheduledChange, Standing, SubscriptionRecord
from owner_portal.web.portal import Portal
from servicekit.errors import NotFound

T = TypeVar("T")

PAGE = 25

_PLANS = TypeAdapter(list[Plan])
_KEYS = TypeAdapter(list[Key])
_POLICY = TypeAdapter(TrackingPolicy | None)
_STANDING = TypeAdapter(Standing | None)
_HISTORY = TypeAdapter(list[SubscriptionRecord])
_SCHEDULED = TypeAdapter(list[ScheduledChange])
_LINES = TypeAdapter(list[Line])
_PAYMENTS = TypeAdapter(list[Payment])
_PAYMENT = TypeAdapter(Payment | None)


def plans(portal: Portal) -> Question[list[Plan]]:
    """The plans on offer."""
    return Question("Billing", "plans on offer", portal.billing.list_plans, _PLANS)


def keys(portal: Portal, company_id: UUID) -> Question[list[Key]]:
    """Its keys; none when tenancy has forgotten the company."""

    async def ask() -> list[Key]:
        return await _known(lambda: portal.tenancy.keys.of(company_id)) or []

    return Question("Tenancy", f"{company_id} keys", ask, _KEYS)


def policy(portal: Portal, company_id: UUID) -> Question[TrackingPolicy | None]:
    """Its tracking policy; None when tenancy has forgotten the company."""

    async def ask() -> TrackingPolicy | None:
        return await _known(lambda: portal.tenancy.settings.policy(company_id))

    return Question("Tenancy", f"{company_id} policy", ask, _POLICY)


def standing(portal: Portal, company_id: UUID) -> Question[Standing | None]:
    """Its subscription with what is owed; None while billing has none for a new company."""

    async def ask() -> Standing | None:
        return await _known(lambda: portal.billing.subscriptions.standing(company_id))

    return Question("Billing", f"{company_id} standing", ask, _STANDING)


def history(portal: Portal, company_id: UUID) -> Question[list[SubscriptionRecord]]:
    """The newest changes of its subscription."""

    async def ask() -> list[SubscriptionRecord]:
        return await portal.billing.subscriptions.history(company_id, limit=PAGE)

    return Question("Billing", f"{company_id} history", ask, _HISTORY)


def scheduled(portal: Portal, company_id: UUID, *, settled: bool = False) -> Question[list[ScheduledChange]]:
    """What waits for the end of its period; with `settled` what came of earlier ones as well."""

    async def ask() -> list[ScheduledChange]:
        return await portal.billing.subscriptions.scheduled_changes(company_id, settled=settled)

    return Question("Billing", f"{company_id} scheduled{' and settled' if settled else ''}", ask, _SCHEDULED)


def lines(portal: Portal, company_id: UUID, before_id: str) -> Question[list[Line]]:
    """A page of charges and credits, and one more that says whether there is another page."""

    async def ask() -> list[Line]:
        return await portal.billing.invoices.lines(company_id, before_id=before_id, limit=PAGE + 1)

    return Question("Billing", f"{company_id} lines {before_id}", ask, _LINES)


def payments(portal: Portal, company_id: UUID, before_id: str) -> Question[list[Payment]]:
    """The same for payments."""

    async def ask() -> list[Payment]:
        return await portal.billing.invoices.payments(company_id, before_id=before_id, limit=PAGE + 1)

    return Question("Billing", f"{company_id} payments {before_id}", ask, _PAYMENTS)


def payment(portal: Portal, company_id: UUID, payment_id: UUID) -> Question[Payment | None]:
    """One of its payments; None when there is none such."""

    async def ask() -> Payment | None:
        return await _known(lambda: portal.billing.invoices.payment(company_id, payment_id))

    return Question("Billing", f"{company_id} payment {payment_id}", ask, _PAYMENT)


async def _known(ask: Callable[[], Awaitable[T]]) -> T | None:
    try:
        return await ask()
    except NotFound:
        return None
