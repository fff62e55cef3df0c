"""All there is to know about a company's subscription now."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from billing.application.standing import find
from billing.domain.change import Record
from billing.domain.limits import Use
from billing.domain.money import Money
from billing.store import invoices, usage


@dataclass(frozen=True, slots=True)
class Details:
    """The current row, what is in use, and what is charged and not paid."""

    record: Record
    in_use: Use
    owed: Money


async def get_subscription(engine: AsyncEngine, *, company_id: UUID) -> Details:
    """NotFound when the company has none."""
    async with engine.begin() as tx:
        record = await find(tx, company_id)
        in_use = await usage.newest_of(tx, [company_id])
        owed = await invoices.owed(tx, company_id)
    currency = record.subscription.plan.price_per_month.currency
    return Details(record, in_use.get(company_id, Use()), Money(owed, currency))
