"""How every owner action runs: one after another, all or nothing, and once for each idempotency key."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tenancy.actions.rules.action import Action
from tenancy.actions.store import answers
from tenancy.db.store import clock

T = TypeVar("T")


async def act_once(
    engine: AsyncEngine, *, action: Action, kind: type[T], act: Callable[[AsyncConnection, int], Awaitable[T]]
) -> T:
    """What `act` answers, in a transaction and with the revision that is its own; a repetition gets the kept answer.

    Conflict when the key was used for another request. What is refused is not kept: trying again is in order.
    """
    async with engine.begin() as tx:
        await clock.hold(tx)
        if action.once is None:
            return await act(tx, await clock.advance(tx))
        await answers.forget(tx)
        kept = await answers.find(tx, action.once.key)
        if kept is not None:
            action.once.check_same(kept.fingerprint)
            return kept.read(kind)
        answer = await act(tx, await clock.advance(tx))
        await answers.keep(tx, action.once, answer, kind)
    return answer
