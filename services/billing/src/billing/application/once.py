"""State-changing calls: one transaction, one writer at a time, and one effect for each idempotency key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from billing.domain.action import Action
from billing.store import answers, clock
from servicekit.errors import Conflict

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Request(Generic[R]):
    """Who wants something done, and how a repetition is known: `digest` stands for the whole request.

    `to_bytes` makes the answer that is kept, so that a repetition gets the very same one.
    """

    action: Action
    key: str
    digest: bytes
    to_bytes: Callable[[R], bytes]


async def once(engine: AsyncEngine, request: Request[R], act: Callable[[AsyncConnection], Awaitable[R]]) -> bytes:
    """The answer of `act`, which runs only when the request's key is new. Conflict when it was used for another one.

    An act that raises leaves the key free. All writers wait for the clock first, so nobody waits for each other, and
    a repetition that comes at the same time finds the answer.
    """
    async with engine.begin() as tx:
        await clock.lock(tx)
        known = await answers.find(tx, request.key)
        if known is not None:
            digest, answer = known
            if digest != request.digest:
                raise Conflict("action.idempotency_key was used for another request: give this one a key of its own")
            return answer
        answer = request.to_bytes(await act(tx))
        await answers.keep(tx, request.key, request.digest, answer)
        return answer
