"""Loops survive errors, and end when they are cancelled."""

import asyncio
from types import SimpleNamespace

import pytest

from servicekit import lifecycle
from servicekit.lifecycle import repeat


async def test_a_loop_survives_an_error() -> None:
    failed, again = asyncio.Event(), asyncio.Event()

    async def step() -> bool:
        if not failed.is_set():
            failed.set()
            raise ConnectionError("away")
        again.set()
        await asyncio.Event().wait()
        return True

    loop = asyncio.create_task(repeat("test", step, idle=0))
    async with asyncio.timeout(10):
        await again.wait()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_a_cancellation_converted_to_an_error_ends_the_loop() -> None:
    begun = asyncio.Event()

    async def step() -> bool:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError("closed") from None
        return True

    loop = asyncio.create_task(repeat("test", step, idle=0))
    await begun.wait()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await loop


async def test_a_step_that_worked_for_a_while_is_repeated_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    now = 0.0
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def step() -> bool:
        nonlocal now
        now += 3600 if len(pauses) == 4 else 1
        raise ConnectionError("away")

    monkeypatch.setattr(lifecycle, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(asyncio, "sleep", note)
    loop = asyncio.create_task(repeat("test", step, idle=0))
    while len(pauses) < 6:
        await sleep(0)
    loop.cancel()
    assert pauses[:6] == [0.2, 0.4, 0.8, 1.6, 0.2, 0.4]
