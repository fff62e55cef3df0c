"""Queries of subscriptions: details, history, change list."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.db.store import revision_clock
from billing.invoices import store as invoices
from billing.limits import store as usage
from billing.limits.rules import UsageLevel
from billing.money.rules import Money
from billing.subscriptions.rules.changes import SubscriptionRecord
from billing.subscriptions.rules.lifecycle import end_after_reactivation
from billing.subscriptions.rules.refusals import SubscriptionStep, refusals
from billing.subscriptions.store import company_events
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import load_record
from servicekit.errors import Refused


@dataclass(frozen=True, slots=True)
class SubscriptionDetails:
    """A subscription with its usage level, its balance, and the steps that would be refused now, with reasons."""

    record: SubscriptionRecord
    in_use: UsageLevel
    balance: Money
    refusals: Mapping[SubscriptionStep, str]
    reactivated_until: datetime


async def get_subscription(engine: AsyncEngine, *, company_id: UUID, now: datetime) -> SubscriptionDetails:
    """The details of a company's subscription; NotFound without one."""
    async with engine.begin() as tx:
        record = await load_record(tx, company_id)
        in_use = await usage.newest_of(tx, [company_id])
        balance = await invoices.balance(tx, company_id)
        closed_at = await company_events.closed_at(tx, company_id)
    return SubscriptionDetails(
        record=record,
        in_use=in_use.get(company_id, UsageLevel()),
        balance=Money(balance, record.subscription.plan.price_per_month.currency),
        refusals=refusals(record.subscription, max(now, record.at), balance=balance, closed_at=closed_at),
        reactivated_until=end_after_reactivation(record.subscription, now),
    )


async def list_subscription_history(
    engine: AsyncEngine, *, company_id: UUID, before_revision: int, limit: int
) -> list[SubscriptionRecord]:
    """Up to `limit` records before a revision, newest first; revision 0 starts with the newest."""
    async with engine.begin() as tx:
        return await subscriptions.history(tx, company_id, before=before_revision, limit=limit)


async def list_subscription_changes(
    engine: AsyncEngine, *, after_revision: int, limit: int
) -> list[SubscriptionRecord]:
    """Up to `limit` current records with a revision after `after_revision`, oldest first.

    Refused when `after_revision` is newer than this database: an empty response would confirm a copy from before a
    restore.
    """
    async with engine.begin() as tx:
        newest = await revision_clock.newest(tx)
        if after_revision > newest:
            raise Refused(f"The newest revision is {newest}: drop your copy and ask again after revision 0.")
        return await subscriptions.changed_after(tx, after_revision, limit=limit)
