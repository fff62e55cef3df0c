"""The owners' e-mail notifications: frequency and time of the last e-mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from owner_portal.alerts.rules.listing import Frequency

_FIND = text("SELECT frequency FROM alert_digest WHERE owner_id = :owner_id")

_SAVE = text("""
    INSERT INTO alert_digest (owner_id, frequency) VALUES (:owner_id, :frequency)
    ON CONFLICT (owner_id) DO UPDATE SET frequency = excluded.frequency
""")

_DELETE = text("DELETE FROM alert_digest WHERE owner_id = :owner_id")

_CLAIM_DUE = text("""
    SELECT w.owner_id, o.email, w.sent_at FROM alert_digest w JOIN owner o ON o.id = w.owner_id
    WHERE o.deactivated_at IS NULL
      AND (w.sent_at IS NULL
           OR w.sent_at <= now() - CASE w.frequency WHEN 'HOURLY' THEN interval '1 hour' ELSE interval '1 day' END)
      AND EXISTS (SELECT FROM alert a JOIN directory USING (company_id)
                  WHERE a.state = 'OPEN' AND (w.sent_at IS NULL OR a.raised_at > w.sent_at))
    FOR UPDATE OF w SKIP LOCKED
""")

_MARK_SENT = text("UPDATE alert_digest SET sent_at = now() WHERE owner_id = ANY(CAST(:owner_ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class DueDigest:
    """An owner who is due an e-mail about alerts opened since `sent_at`; None: about all open alerts."""

    owner_id: UUID
    email: str
    sent_at: datetime | None


async def find(tx: AsyncConnection, owner_id: UUID) -> Frequency:
    """The frequency of this owner."""
    found = (await tx.execute(_FIND, {"owner_id": owner_id})).scalar_one_or_none()
    return Frequency(found) if found else Frequency.NEVER


async def save(tx: AsyncConnection, owner_id: UUID, frequency: Frequency) -> None:
    """Saves the frequency of this owner."""
    if frequency is Frequency.NEVER:
        await tx.execute(_DELETE, {"owner_id": owner_id})
    else:
        await tx.execute(_SAVE, {"owner_id": owner_id, "frequency": frequency.value})


async def claim_due(tx: AsyncConnection) -> list[DueDigest]:
    """The owners who are due an e-mail; their rows are locked until the transaction ends."""
    return [DueDigest(**row._asdict()) for row in await tx.execute(_CLAIM_DUE)]


async def mark_sent(tx: AsyncConnection, owner_ids: Sequence[UUID]) -> None:
    """Records that their e-mails were sent now."""
    await tx.execute(_MARK_SENT, {"owner_ids": list(owner_ids)})
