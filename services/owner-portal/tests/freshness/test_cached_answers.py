"""Answers of other services are cached and shown with their age, on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.freshness import use_cases
from owner_portal.freshness.use_cases import Question, cached_answer, cached_answers, sweep_cached_answers
from owner_portal.plans.rules.plans import Money
from owner_portal.web.notices import age_notice
from servicekit.errors import NotFound, Unavailable

AMOUNTS = TypeAdapter(list[Money])


class Service:
    """Answers, or raises."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def ask(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def question(name: str, service: Service, kind: TypeAdapter[Any] = AMOUNTS) -> Question[Any]:
    return Question("Billing", name, service.ask, kind)


async def test_an_answer_is_kept_for_the_time_of_silence(engine: AsyncEngine) -> None:
    service = Service([Money(9900, "USD")])
    fresh = await cached_answer(engine, question("amounts", service))
    assert (fresh.value, fresh.fresh, fresh.problem) == ([Money(9900, "USD")], True, "")
    service.answer = Unavailable("away")
    old = await cached_answer(engine, question("amounts", service))
    assert (old.value, old.fresh) == ([Money(9900, "USD")], False)
    assert old.problem == "Billing does not respond at the moment."
    assert old.as_of is not None
    assert abs(old.as_of - datetime.now(UTC)) < timedelta(minutes=1)
    service.answer = [Money(1, "USD")]
    assert (await cached_answer(engine, question("amounts", service))).value == [Money(1, "USD")]


async def test_what_was_never_heard_is_missing(engine: AsyncEngine) -> None:
    missing = await cached_answer(engine, question("never answered", Service(Unavailable("away"))))
    assert (missing.value, missing.as_of, missing.fresh) == (None, None, False)
    notice = age_notice(missing)
    assert "Billing does not respond at the moment." in notice
    assert "missing" in notice


async def test_silence_ends_after_a_moment(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()

    class Silent(Service):
        async def ask(self) -> Any:
            await never.wait()

    monkeypatch.setattr(use_cases, "MAX_WAIT_SECONDS", 0.01)
    assert not (await cached_answer(engine, question("silent", Silent(None)))).fresh


async def test_other_errors_are_told_as_they_are(engine: AsyncEngine) -> None:
    with pytest.raises(NotFound):
        await cached_answer(engine, question("amounts", Service(NotFound("no such company"))))


async def test_all_questions_of_a_page_cost_one_statement(engine: AsyncEngine, cost: Any) -> None:
    answers = [Service([Money(number, "USD")]) for number in range(4)]
    await cached_answers(engine, *(question(f"part {number}", each) for number, each in enumerate(answers)))
    answers[1].answer = Unavailable("away")
    answers[3].answer = Unavailable("away")
    cost.reset()
    found = await cached_answers(engine, *(question(f"part {number}", each) for number, each in enumerate(answers)))
    assert cost.statements == 1
    assert [each.value for each in found] == [[Money(number, "USD")] for number in range(4)]
    assert [each.fresh for each in found] == [True, False, True, False]


async def test_an_answer_that_stays_the_same_is_written_once_a_minute(engine: AsyncEngine) -> None:
    moment = text("SELECT as_of FROM known_answer WHERE name = 'same'")

    async def kept() -> Any:
        await cached_answer(engine, question("same", Service([Money(5, "USD")])))
        async with engine.begin() as tx:
            return (await tx.execute(moment)).scalar_one()

    first = await kept()
    assert await kept() == first
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE known_answer SET as_of = now() - interval '2 minutes' WHERE name = 'same'"))
    assert await kept() > first


async def test_an_answer_of_another_form_counts_as_none(engine: AsyncEngine) -> None:
    await cached_answer(engine, question("changed", Service(["a text"]), TypeAdapter(list[str])))
    assert (await cached_answer(engine, question("changed", Service(Unavailable("away"))))).value is None


async def test_old_answers_are_forgotten(engine: AsyncEngine) -> None:
    await cached_answer(engine, question("old", Service([])))
    async with engine.begin() as tx:
        await tx.execute(text("UPDATE known_answer SET as_of = now() - interval '31 days' WHERE name = 'old'"))
    await sweep_cached_answers(engine)
    assert (await cached_answer(engine, question("old", Service(Unavailable("away"))))).value is None
