"""Subscriptions as they are and as they were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.db.store import revision_clock
from billing.invoices import store as invoices
from billing.limits import store as usage
from billing.limits.rules import Use
from billing.money.rules import Money
from billing.subscriptions.rules.changes import Record
from billing.subscriptions.rules.lifecycle import end_after_reactivation
from billing.subscriptions.rules.refusals import Step, refusals
from billing.subscriptions.store import company_events
from billing.subscriptions.store import history as subscriptions
from billing.subscriptions.use_cases.periods import find
from servicekit.errors import Refused


@dataclass(frozen=True, slots=True)
class Details:
    """The current row, what is in use, what is charged and not paid, and what would be refused now and why."""

    record: Record
    in_use: Use
    owed: Money
    refusals: Mapping[Step, str]
    reactivated_until: datetime


async def get_subscription(engine: AsyncEngine, *, company_id: UUID, now: datetime) -> Details:
    """NotFound when the company has none."""
    async with engine.begin() as tx:
        record = await find(tx, company_id)
        in_use = await usage.newest_of(tx, [company_id])
        owed = await invoices.owed(tx, company_id)
        closed_at = await company_events.closed_at(tx, company_id)
    return Details(
        record=record,
        in_use=in_use.get(company_id, Use()),
        owed=Money(owed, record.subscription.plan.price_per_month.currency),
        refusals=refusals(record.subscription, max(now, record.at), owed=owed, closed_at=closed_at),
        reactivated_until=end_after_reactivation(record.subscription, now),
    )


async def list_subscription_history(
    engine: AsyncEngine, *, company_id: UUID, before_revision: int, limit: int
) -> list[Record]:
    """Up to `limit` rows older than a revision (0: from the newest on), newest first; none for an unknown company."""
    async with engine.begin() as tx:
        return await subscriptions.history(tx, company_id, before=before_revision, limit=limit)


async def list_subscription_changes(engine: AsyncEngine, *, after_revision: int, limit: int) -> list[Record]:
    """Up to `limit` current subscriptions changed after `after_revision`, oldest change first.

    Refused when nothing here is as new as `after_revision`: an empty answer would confirm a copy that was made before
    this database went back to an older backup.
    """
    async with engine.begin() as tx:
        newest = await revision_clock.newest(tx)
        if after_revision > newest:
            raise Refused(f"The newest revision is {newest}: drop your copy and ask again after revision 0.")
        return await subscriptions.changed_after(tx, after_revision, limit=limit)
