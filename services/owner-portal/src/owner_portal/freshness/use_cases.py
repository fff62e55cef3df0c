"""Asks other services for parts of a page; what does not answer is shown as it was last heard, with its age.

    revenue = Question("Billing", f"revenue/{months}", partial(billing.report, months), TypeAdapter(RevenueReport))
    remembered = await with_memory(engine, revenue)

All questions of a page go together in one call: they are asked at the same time and cost one statement.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, overload

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness.rules import KEPT_FOR, Remembered
from owner_portal.freshness.store import remembered_answers
from servicekit.errors import NotFound, Unavailable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
LONGEST_WAIT = 2.0  # seconds; a page that waits longer is worse than one that says how old its figures are


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One part of a page.

    `service` is told to the owner when it does not answer. `name` identifies the answer with all that it depends on.
    `kind` turns the answer into JSON and back: `TypeAdapter(Plan)`, `TypeAdapter(list[Plan])`; make it once a module.
    """

    service: str
    name: str
    ask: Callable[[], Awaitable[T]]
    kind: TypeAdapter[T]


async def with_memory(engine: AsyncEngine, question: Question[T]) -> Remembered[T]:
    """The answer, or the last one. Every error but Unavailable is raised as it is."""
    (remembered,) = await _remember(engine, question)
    return remembered


@overload
async def with_memories(
    engine: AsyncEngine, first: Question[T], second: Question[A], /
) -> tuple[Remembered[T], Remembered[A]]: ...


@overload
async def with_memories(
    engine: AsyncEngine, first: Question[T], second: Question[A], third: Question[B], /
) -> tuple[Remembered[T], Remembered[A], Remembered[B]]: ...


@overload
async def with_memories(
    engine: AsyncEngine, first: Question[T], second: Question[A], third: Question[B], fourth: Question[C], /
) -> tuple[Remembered[T], Remembered[A], Remembered[B], Remembered[C]]: ...


async def with_memories(engine: AsyncEngine, *questions: Question[Any]) -> tuple[Remembered[Any], ...]:
    """The same for the two to four questions of a page."""
    return await _remember(engine, *questions)


async def _remember(engine: AsyncEngine, *questions: Question[Any]) -> tuple[Remembered[Any], ...]:
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
        known = await remembered_answers.settle(tx, answered=answered, unanswered=unanswered)
    return tuple(
        answer if answer.fresh or question.name not in known else _recall(question, answer, *known[question.name])
        for question, answer in zip(questions, answers, strict=True)
    )


async def _ask(question: Question[T]) -> Remembered[T]:
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            value = await question.ask()
    except (Unavailable, TimeoutError):
        return Remembered(None, None, fresh=False, problem=f"{question.service} does not answer at the moment.")
    return Remembered(value, datetime.now(UTC), fresh=True)


def _recall(question: Question[T], answer: Remembered[T], content: str, as_of: datetime) -> Remembered[T]:
    try:
        value = question.kind.validate_json(content)
    except ValueError:  # an older version of the portal kept it in another form
        return answer
    return Remembered(value, as_of, fresh=False, problem=answer.problem)


async def none_if_missing(ask: Callable[[], Awaitable[T]]) -> T | None:
    """The answer; None when what is asked about is not there."""
    try:
        return await ask()
    except NotFound:
        return None


async def sweep_answers(engine: AsyncEngine) -> None:
    """Drops the answers that nobody has looked at for KEPT_FOR."""
    async with engine.begin() as tx:
        await remembered_answers.forget(tx, age=KEPT_FOR)
