"""Records changes: their rows in the history, their invoice lines and their events. Nothing else writes these."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.actions.rules import Action
from billing.db.store import revision_clock
from billing.invoices import store as invoices
from billing.invoices.rules import InvoiceLine
from billing.subscriptions.rules.changes import SubscriptionRecord, Transition
from billing.subscriptions.rules.events import SubscriptionEvent, events_after
from billing.subscriptions.store import history as subscriptions
from servicekit import outbox
from servicekit.events import OutgoingEvent
from servicekit.ids import new_id

Encode = Callable[[SubscriptionEvent], OutgoingEvent]


async def record_changes(
    tx: AsyncConnection, encode: Encode, transitions: Sequence[Transition], *, action: Action, now: datetime
) -> list[SubscriptionRecord]:
    """Stores the transitions, at most one of a company, and returns the new records in the same order.

    The caller holds the revision clock. `now` is when they are recorded, which may be later than when they take effect.
    """
    if not transitions:
        return []
    revisions = await revision_clock.take(tx, len(transitions))
    await subscriptions.add(tx, transitions, revisions, action)
    await invoices.add_lines(
        tx,
        [
            line
            for transition, revision in zip(transitions, revisions, strict=True)
            for line in _lines(transition, revision)
        ],
    )
    for (before, change), revision in zip(transitions, revisions, strict=True):
        for event in events_after(before, change, revision):
            await outbox.append(tx, encode(event))
    return [
        SubscriptionRecord(revision, change.kind, change.at, None, now, action, change.after)
        for (_, change), revision in zip(transitions, revisions, strict=True)
    ]


def _lines(transition: Transition, revision: int) -> list[InvoiceLine]:
    _, change = transition
    company_id = change.after.company_id
    return [InvoiceLine(new_id(), company_id, revision, line, change.at) for line in change.lines]
