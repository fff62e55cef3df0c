"""The aggregator pauses between passes, longer when they cost more, within a limit."""

import asyncio
from types import SimpleNamespace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tracking.totals import worker as aggregate
from tracking.totals.worker import Aggregation


@pytest.mark.parametrize(
    ("took", "more", "rests"), [(0.01, False, [1.0]), (0.2, False, [1.6]), (30.0, False, [2.0]), (30.0, True, [])]
)
async def test_a_rest_is_as_long_as_the_pass_was_hard(
    monkeypatch: pytest.MonkeyPatch,
    engine: AsyncEngine,
    dispatch: AsyncEngine,
    took: float,
    more: bool,
    rests: list[float],
) -> None:
    rested: list[float] = []
    now = 0.0

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    async def fold_waiting(_self: Aggregation) -> bool:
        nonlocal now
        now += took
        return more

    monkeypatch.setattr(aggregate, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(asyncio, "sleep", rest)
    monkeypatch.setattr(Aggregation, "fold_waiting", fold_waiting)
    aggregation = Aggregation(engine, dispatch, lambda *_month: pytest.fail("nothing is announced"), lambda: None)
    assert await aggregation.fold_and_rest()
    assert rested == pytest.approx(rests)
