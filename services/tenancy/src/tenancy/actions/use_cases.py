"""Owner actions: one after another, all or nothing, and once for each idempotency key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from idempotency import KeyedRequest, clear_responses, once
from servicekit import outbox
from servicekit.events import OutgoingEvent
from servicekit.ids import new_id
from tenancy.actions.rules import Action, CompanyEvent
from tenancy.audit.rules import AuditEntry, Facts
from tenancy.audit.store import TRAIL
from tenancy.db.store import revision_clock

R = TypeVar("R")

Encode = Callable[[CompanyEvent], OutgoingEvent]
"""Makes the published message of an event."""


@dataclass(frozen=True, slots=True)
class OwnerRequest:
    """A request for an owner action; without an idempotency key (`keyed`) each repetition counts."""

    action: Action
    keyed: KeyedRequest | None = None


async def carry_out(
    engine: AsyncEngine, request: OwnerRequest, act: Callable[[AsyncConnection, int], Awaitable[R]]
) -> R:
    """The result of `act`, which gets a transaction that holds the revision clock, and a revision of its own.

    AlreadyAnswered and Conflict as `idempotency.once` raises them. When `act` raises, nothing is stored.
    """

    async def act_next() -> R:
        return await act(tx, await revision_clock.advance(tx))

    async with engine.begin() as tx:
        await revision_clock.hold(tx)
        return await (once(tx, request.keyed, act_next) if request.keyed else act_next())


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
    """Adds the audit entry of an action, which it calls `name`, and appends its event to the outbox.

    Every owner action ends with it. The caller holds the revision clock.
    """
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
    await TRAIL.append(tx, entry)
    await outbox.append(tx, encode(event))


async def clear_old_responses(engine: AsyncEngine) -> int:
    """Removes stored responses that are no longer kept; returns their number."""
    async with engine.begin() as tx:
        return await clear_responses(tx)
