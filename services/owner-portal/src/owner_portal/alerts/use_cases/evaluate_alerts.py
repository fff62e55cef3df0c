"""Looks at every company for causes of alerts; of several portal processes one does it, about once a minute."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.rules.alerts import Alert, changed
from owner_portal.alerts.store import evaluation as alerts


async def evaluate_alerts(engine: AsyncEngine) -> set[UUID] | None:
    """Three statements; the companies of which an alert changed. None when another process has just looked."""
    after: list[Alert] = []
    async with engine.begin() as tx:
        if not await alerts.take_turn(tx):
            return None
        now = datetime.now(UTC)
        async for batch in alerts.read_situations(tx):
            for situation, live in batch:
                after += changed(situation, live, now)
        await alerts.save(tx, after)
    return {alert.company_id for alert in after}
