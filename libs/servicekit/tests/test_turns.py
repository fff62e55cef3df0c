"""Turns: clients take turns, each client's requests stay in order, and the queue is bounded."""

import asyncio

import pytest

from servicekit.errors import Unavailable
from servicekit.turns import Turns

MIB = 1024**2


class Bench:
    """Requests that stay in progress until the test continues."""

    def __init__(self, max_bytes: int = 64 * MIB) -> None:
        self.turns = Turns()
        self.served: list[str] = []
        self.one_served = asyncio.Event()
        self._max_bytes = max_bytes
        self._tasks: list[asyncio.Task[None]] = []
        self._step = asyncio.Semaphore(0)

    async def send(self, whose: str, count: int = 1, *, size: int = MIB, patience: float = 60) -> None:
        """Adds requests to the queue."""
        for _ in range(count):
            self._tasks.append(asyncio.create_task(self._work(whose, size, patience)))
            await asyncio.sleep(0)

    async def finish(self) -> list[BaseException | None]:
        """Finishes all requests; returns the error of each, or None."""
        for _ in self._tasks:
            self._step.release()
        return await asyncio.gather(*self._tasks, return_exceptions=True)

    def cancel(self, number: int) -> None:
        self._tasks[number].cancel()

    async def _work(self, whose: str, size: int, patience: float) -> None:
        async with self.turns.turn(whose, size, timeout=patience, max_bytes=self._max_bytes):
            await self._step.acquire()
            self.served.append(whose)
            self.one_served.set()


async def test_a_backlog_of_one_company_does_not_delay_others() -> None:
    bench = Bench()
    await bench.send("big", 20)
    await bench.send("small")
    await bench.send("other", 2)
    assert await bench.finish() == [None] * 23
    assert bench.served[:6] == ["big", "big", "small", "other", "big", "other"]
    assert bench.served[6:] == ["big"] * 17


async def test_requests_beyond_the_limit_are_refused_for_now() -> None:
    bench = Bench(max_bytes=3 * MIB)
    await bench.send("big", 6)
    outcomes = await bench.finish()
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 4 + [Unavailable] * 2
    refused = outcomes[-1]
    assert isinstance(refused, Unavailable)
    assert refused.retry_after


async def test_the_client_with_the_largest_backlog_loses_its_newest_request() -> None:
    bench = Bench(max_bytes=3 * MIB)
    await bench.send("big", 4)
    await bench.send("small")
    outcomes = await bench.finish()
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 3 + [Unavailable, type(None)]
    assert bench.served == ["big", "big", "small", "big"]


async def test_tiny_requests_fill_the_queue_too() -> None:
    bench = Bench(max_bytes=MIB)
    await bench.send("big", 100, size=0)
    outcomes = await bench.finish()
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 100 - 1 - 16


async def test_no_request_waits_longer_than_its_patience() -> None:
    bench = Bench()
    await bench.send("big")
    await bench.send("small", patience=0.01)
    [waiting] = bench._tasks[1:]
    await asyncio.wait([waiting])
    assert isinstance(waiting.exception(), Unavailable)
    await bench.send("other")
    await bench.finish()
    assert bench.served == ["big", "other"]


@pytest.mark.parametrize("moment", ["in line", "as the turn comes"])
async def test_a_cancelled_request_does_not_block_others(moment: str) -> None:
    bench = Bench()
    await bench.send("a", 3)
    if moment == "as the turn comes":
        bench._step.release()
        await bench.one_served.wait()
    bench.cancel(1)
    outcomes = await bench.finish()
    assert bench.served == ["a", "a"]
    assert isinstance(outcomes[1], asyncio.CancelledError)
