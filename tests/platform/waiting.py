"""Waits for a condition instead of a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.05


async def eventually(
    probe: Callable[[], T | Awaitable[T]], until: Callable[[T], object] = bool, *, seconds: float = 30.0
) -> T:
    """Returns the first value of `probe` that satisfies `until`. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        value: T = await found if inspect.isawaitable(found) else found
        if until(value):
            return value
        assert time.monotonic() < deadline, f"not so after {seconds:g} s; the last answer was {value!r}"
        await asyncio.sleep(PAUSE)
