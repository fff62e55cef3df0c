"""Owner actions: one transaction, one writer at a time, one effect and one audit entry for each idempotency key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.rules import Action
from billing.audit.rules import AuditEntry, Facts
from billing.audit.store import TRAIL
from billing.db.store import revision_clock
from idempotency import KeyedRequest, clear_responses, once
from servicekit.ids import new_id

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the audit entry says of a result; `company_id` is None when it concerns no single company."""

    company_id: UUID | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class OwnerRequest:
    """A request for an owner action. `name` and `asked` are what its audit entry calls it and says of it.

    `caller` is the service that makes the call, by its certificate; `outcome` makes the outcome of the result.
    """

    action: Action
    keyed: KeyedRequest
    request_id: str
    name: str
    asked: Facts
    outcome: Callable[[Any], Outcome]
    caller: str = ""


async def carry_out(engine: AsyncEngine, request: OwnerRequest, act: Callable[[AsyncConnection], Awaitable[R]]) -> R:
    """The result of `act`, in a transaction that holds the revision clock; adds the audit entry.

    AlreadyAnswered and Conflict as `idempotency.once` raises them. When `act` raises, nothing is stored.
    """
    async with engine.begin() as tx:
        await revision_clock.lock(tx)
        result = await once(tx, request.keyed, lambda: act(tx))
        await TRAIL.append(tx, _entry(request, result, revision=await revision_clock.take_action(tx)))
    return result


async def clear_old_responses(engine: AsyncEngine) -> bool:
    """Removes stored responses that are no longer kept; True when there were any."""
    async with engine.begin() as tx:
        return await clear_responses(tx) > 0


def _entry(request: OwnerRequest, result: object, *, revision: int) -> AuditEntry:
    outcome = request.outcome(result)
    return AuditEntry(
        revision=revision,
        id=new_id(),
        at=datetime.now(UTC),
        actor=request.action.actor,
        action=request.name,
        company_id=outcome.company_id,
        reason=request.action.reason,
        request_id=request.request_id,
        asked=request.asked,
        outcome=outcome.facts,
        caller=request.caller,
    )
