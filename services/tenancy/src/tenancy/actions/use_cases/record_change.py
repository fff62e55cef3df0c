"""What every owner action ends with: an entry in the audit trail and an event, in the action's own transaction."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from servicekit import outbox
from servicekit.events import OutgoingEvent
from servicekit.ids import new_id
from tenancy.actions.rules.action import Action
from tenancy.audit.rules.entry import AuditEntry, Facts
from tenancy.audit.store import entries as audit
from tenancy.events.rules.events import CompanyEvent

Encode = Callable[[CompanyEvent], OutgoingEvent]
"""How an event is written for the bus."""


async def record_change(
    tx: AsyncConnection,
    *,
    encode: Encode,
    event: CompanyEvent,
    action: Action,
    name: str,
    at: datetime,
    before: Facts | None,
    after: Facts,
) -> None:
    """Records `action`, called `name` in the trail, and queues its event. The caller holds the clock."""
    entry = AuditEntry(
        revision=event.revision,
        id=new_id(),
        at=at,
        actor=action.actor,
        action=name,
        company_id=event.company_id,
        reason=action.reason,
        request_id=action.request_id,
        before=before,
        after=after,
        caller=action.caller,
    )
    await audit.append(tx, entry)
    await outbox.append(tx, encode(event))
