"""State-changing calls: one transaction, one writer at a time, one effect and one audit entry for each key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.actions.rules.action import Action
from billing.actions.store import answers
from billing.audit.rules.entry import AuditEntry, Facts
from billing.audit.store import entries as audit
from billing.db.store import clock
from servicekit.errors import Conflict
from servicekit.ids import new_id

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets, now and for every repetition, and what the audit trail says of it."""

    content: bytes
    company_id: UUID | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Request(Generic[R]):
    """Who wants what done, and how a repetition is known: `digest` stands for the whole request.

    `name` and `asked` are what the audit trail calls it and says of it; `answer` turns the result into the answer.
    """

    action: Action
    request_id: str
    key: str
    digest: bytes
    name: str
    asked: Facts
    answer: Callable[[R], Answer]
    caller: str = ""  # the service that makes the call, by its certificate


async def once(engine: AsyncEngine, request: Request[R], act: Callable[[AsyncConnection], Awaitable[R]]) -> bytes:
    """The answer of `act`, which runs only when the request's key is new. Conflict when it was used for another one.

    An act that raises leaves the key free and no entry. All writers wait for the clock first, so nobody waits for each
    other, and a repetition that comes at the same time finds the answer.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        known = await answers.find(tx, request.key)
        if known is not None:
            digest, content = known
            if digest != request.digest:
                raise Conflict("The idempotency_key was used for another request: give this one a key of its own.")
            return content
        answer = request.answer(await act(tx))
        await answers.keep(tx, request.key, request.digest, answer.content)
        await audit.append(tx, _entry(request, answer, revision=await clock.take_action(tx)))
        return answer.content


def _entry(request: Request[R], answer: Answer, *, revision: int) -> AuditEntry:
    return AuditEntry(
        revision=revision,
        id=new_id(),
        at=datetime.now(UTC),
        actor=request.action.actor,
        action=request.name,
        company_id=answer.company_id,
        reason=request.action.reason,
        request_id=request.request_id,
        asked=request.asked,
        outcome=answer.facts,
        caller=request.caller,
    )
