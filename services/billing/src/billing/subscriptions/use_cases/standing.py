"""Where a company stands at the moment of a call: with everything applied that was due before it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.subscriptions.rules.change import Record
from billing.subscriptions.rules.closing import refuse_closed
from billing.subscriptions.rules.lifecycle import is_due
from billing.subscriptions.store import closings, subscriptions
from billing.subscriptions.use_cases.announcing import Encode
from billing.subscriptions.use_cases.end_periods import end
from servicekit.errors import NotFound


async def standing(tx: AsyncConnection, encode: Encode, company_id: UUID, now: datetime) -> tuple[Record, datetime]:
    """The company's subscription and the moment from which a change of it holds. NotFound when it has none.

    The caller holds the clock's lock. Calls that waited for each other may come in another order than their clocks
    say: a change never holds from before the one that it follows.
    """
    current = await find(tx, company_id)
    while is_due(current.subscription, now):
        (current,) = await end(tx, encode, [current], now=now)
    return current, max(now, current.at)


async def must_be_open(tx: AsyncConnection, company_id: UUID) -> None:
    """Refused when the company was closed."""
    refuse_closed(await closings.closed_at(tx, company_id))


async def find(tx: AsyncConnection, company_id: UUID) -> Record:
    """The company's subscription as the rows say; NotFound when it has none."""
    current = await subscriptions.current(tx, company_id)
    if current is None:
        raise NotFound(f"Company {company_id} has no subscription.")
    return current
