"""How a change becomes rows: the history, what was charged, and what the others are told. Nothing else writes them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.invoices import store as invoices
from billing.invoices.rules import InvoiceLine
from billing.subscriptions.rules.changes import Change, Record
from billing.subscriptions.rules.events import Event, events_of
from billing.subscriptions.rules.subscription import Subscription
from billing.subscriptions.store import history as subscriptions
from servicekit import outbox
from servicekit.events import OutgoingEvent
from servicekit.ids import new_id

Encode = Callable[[Event], OutgoingEvent]

Step = tuple[Subscription | None, Change]
"""What a subscription was, None before the first one, and its change."""


async def record(
    tx: AsyncConnection, encode: Encode, steps: Sequence[Step], *, action: Action, now: datetime
) -> list[Record]:
    """Stores the steps, at most one a company, and returns the new records in their order.

    The caller holds the clock's lock. `now` is when they are recorded, which may be later than when they hold from.
    """
    if not steps:
        return []
    revisions = await revision_clock.take(tx, len(steps))
    await subscriptions.record(tx, steps, revisions, action)
    await invoices.add_lines(tx, [line for step, at in zip(steps, revisions, strict=True) for line in _lines(step, at)])
    for (before, change), revision in zip(steps, revisions, strict=True):
        for event in events_of(before, change, revision):
            await outbox.append(tx, encode(event))
    return [
        Record(revision, change.kind, change.at, None, now, action, change.after)
        for (_, change), revision in zip(steps, revisions, strict=True)
    ]


def _lines(step: Step, revision: int) -> list[InvoiceLine]:
    _, change = step
    company_id = change.after.company_id
    return [InvoiceLine(new_id(), company_id, revision, line, change.at) for line in change.lines]
