"""A stale-on-error cache for parts of a page that come from other services; pages show the age of a cached answer.

    revenue = Question("Billing", f"revenue/{months}", partial(billing.report, months), TypeAdapter(RevenueReport))
    remembered = await cached_answer(engine, revenue)

All questions of a page go into one call: they run concurrently and cost one statement.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, overload

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules import KEPT_FOR, CachedAnswer
from owner_portal.freshness.store.cached_answers import forget, settle
from servicekit.errors import NotFound, Unavailable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
MAX_WAIT_SECONDS = 2.0  # seconds; a page that waits longer is worse than one with stale figures


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One part of a page.

    `service` is named on the page when it does not respond. `name` is the cache key: all that the answer depends on.
    `kind` turns the answer into JSON and back: `TypeAdapter(Plan)`, `TypeAdapter(list[Plan])`; make it once a module.
    """

    service: str
    name: str
    ask: Callable[[], Awaitable[T]]
    kind: TypeAdapter[T]


async def cached_answer(engine: AsyncEngine, question: Question[T]) -> CachedAnswer[T]:
    """The answer, or the cached one. Every error except Unavailable is raised."""
    (remembered,) = await _remember(engine, question)
    return remembered


@overload
async def cached_answers(
    engine: AsyncEngine, first: Question[T], second: Question[A], /
) -> tuple[CachedAnswer[T], CachedAnswer[A]]: ...


@overload
async def cached_answers(
    engine: AsyncEngine, first: Question[T], second: Question[A], third: Question[B], /
) -> tuple[CachedAnswer[T], CachedAnswer[A], CachedAnswer[B]]: ...


@overload
async def cached_answers(
    engine: AsyncEngine, first: Question[T], second: Question[A], third: Question[B], fourth: Question[C], /
) -> tuple[CachedAnswer[T], CachedAnswer[A], CachedAnswer[B], CachedAnswer[C]]: ...


async def cached_answers(engine: AsyncEngine, *questions: Question[Any]) -> tuple[CachedAnswer[Any], ...]:
    """The same for the two to four questions of a page."""
    return await _remember(engine, *questions)


async def _remember(engine: AsyncEngine, *questions: Question[Any]) -> tuple[CachedAnswer[Any], ...]:
    # No transaction is open while a service is asked.
    answers = await asyncio.gather(*(_ask(question) for question in questions))
    answered: dict[str, str] = {}
    unanswered: set[str] = set()
    for question, answer in zip(questions, answers, strict=True):
        if answer.fresh:
            answered[question.name] = question.kind.dump_json(answer.value).decode()
        else:
            unanswered.add(question.name)
    async with engine.begin() as tx:
        known = await settle(tx, answered=answered, unanswered=unanswered)
    return tuple(
        answer if answer.fresh or question.name not in known else _recall(question, answer, *known[question.name])
        for question, answer in zip(questions, answers, strict=True)
    )


async def _ask(question: Question[T]) -> CachedAnswer[T]:
    try:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            value = await question.ask()
    except (Unavailable, TimeoutError):
        return CachedAnswer(None, None, fresh=False, problem=f"{question.service} does not respond at the moment.")
    return CachedAnswer(value, datetime.now(UTC), fresh=True)


def _recall(question: Question[T], answer: CachedAnswer[T], content: str, as_of: datetime) -> CachedAnswer[T]:
    try:
        value = question.kind.validate_json(content)
    except ValueError:  # an older version of the portal kept it in another form
        return answer
    return CachedAnswer(value, as_of, fresh=False, problem=answer.problem)


async def none_if_missing(ask: Callable[[], Awaitable[T]]) -> T | None:
    """The answer; None instead of NotFound."""
    try:
        return await ask()
    except NotFound:
        return None


async def sweep_cached_answers(engine: AsyncEngine) -> None:
    """Deletes cached answers older than KEPT_FOR."""
    async with engine.begin() as tx:
        await forget(tx, age=KEPT_FOR)
