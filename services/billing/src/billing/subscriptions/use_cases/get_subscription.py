"""All there is to know about a company's subscription now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.invoices.store import invoices
from billing.limits.rules.limits import Use
from billing.limits.store import usage
from billing.money.rules.money import Money
from billing.subscriptions.rules.change import Record
from billing.subscriptions.rules.steps import Step, refusals
from billing.subscriptions.store import closings
from billing.subscriptions.use_cases.standing import find


@dataclass(frozen=True, slots=True)
class Details:
    """The current row, what is in use, what is charged and not paid, and what would be refused now and why."""

    record: Record
    in_use: Use
    owed: Money
    refusals: Mapping[Step, str]


async def get_subscription(engine: AsyncEngine, *, company_id: UUID, now: datetime) -> Details:
    """NotFound when the company has none."""
    async with engine.begin() as tx:
        record = await find(tx, company_id)
        in_use = await usage.newest_of(tx, [company_id])
        owed = await invoices.owed(tx, company_id)
        closed_at = await closings.closed_at(tx, company_id)
    return Details(
        record=record,
        in_use=in_use.get(company_id, Use()),
        owed=Money(owed, record.subscription.plan.price_per_month.currency),
        refusals=refusals(record.subscription, max(now, record.at), owed=owed, closed_at=closed_at),
    )
