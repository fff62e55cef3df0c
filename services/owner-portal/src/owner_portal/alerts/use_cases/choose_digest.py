"""Sets how often an owner gets new alerts by e-mail."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.alerts.rules.listing import Frequency
from owner_portal.alerts.store import digests
from owner_portal.audit.use_cases.record_action import append_action


async def choose_digest(
    engine: AsyncEngine, *, owner_id: UUID, actor: str, frequency: Frequency, request_id: str
) -> None:
    """The first e-mail holds all that is open; from then on each holds what has opened since."""
    async with engine.begin() as tx:
        await digests.save(tx, owner_id, frequency)
        await append_action(
            tx,
            actor=actor,
            action="choose_alert_emails",
            subject=actor,
            request_id=request_id,
            facts={"frequency": frequency.value},
        )
