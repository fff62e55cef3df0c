"""Reads the page of alerts: five statements, however many alerts there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from mailer import queue
from mailer.queue import MailState
from owner_portal.alerts.rules.alerts import Kind, State
from owner_portal.alerts.rules.listing import PAGE_SIZE, AlertListing, Frequency, ShownAlert
from owner_portal.alerts.store import digests
from owner_portal.alerts.store import listing as alert_lists
from owner_portal.freshness.rules.sources import Gap, gaps
from owner_portal.freshness.store import sources


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One view of the alerts. `counts` leaves resolved ones out."""

    alerts: Sequence[ShownAlert]
    matches: int
    counts: Mapping[tuple[Kind, State], int]
    frequency: Frequency
    mail: MailState
    gaps: Sequence[Gap]

    @property
    def pages(self) -> int:
        return max(1, -(-self.matches // PAGE_SIZE))

    def in_state(self, state: State) -> int:
        """How many alerts of all kinds are in this state."""
        return sum(count for (_kind, held), count in self.counts.items() if held is state)


async def show_alerts(engine: AsyncEngine, *, listing: AlertListing, owner_id: UUID) -> AlertPage:
    """One view; without alerts when the page asked for is beyond the last."""
    async with engine.begin() as tx:
        alerts, matches = await alert_lists.list_alerts(tx, listing)
        return AlertPage(
            alerts,
            matches,
            await alert_lists.count(tx),
            await digests.find(tx, owner_id),
            await queue.read_state(tx),
            gaps(await sources.list_states(tx), datetime.now(UTC)),
        )


async def count_open_alerts(engine: AsyncEngine) -> int:
    """How many wait for an answer."""
    async with engine.begin() as tx:
        return await alert_lists.count_open(tx)
