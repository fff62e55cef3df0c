"""Waiting for a state that another process or task reaches."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")
TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.02


@overload
async def eventually(
    probe: Callable[[], Awaitable[T]],
    until: Callable[[T], object] = bool,
    *,
    timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - as below
    otherwise: Callable[[], str] = str,
) -> T: ...


@overload
async def eventually(
    probe: Callable[[], T],
    until: Callable[[T], object] = bool,
    *,
    timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - as below
    otherwise: Callable[[], str] = str,
) -> T: ...


async def eventually(
    probe: Callable[[], Awaitable[T] | T],
    until: Callable[[T], object] = bool,
    *,
    timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - the error names the last result, asyncio's names nothing
    otherwise: Callable[[], str] = str,
) -> T:
    """Repeats `probe` until its result satisfies `until`, and returns that result.

    AssertionError with the last result and the text of `otherwise` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        result = probe()
        found: T = await result if inspect.isawaitable(result) else result
        if until(found):
            return found
        assert time.monotonic() < deadline, f"not reached within {timeout:g} s: {found!r} {otherwise()}"
        await asyncio.sleep(_PAUSE_SECONDS)


def eventually_blocking(
    probe: Callable[[], T], *, timeout: float = TIMEOUT_SECONDS, otherwise: Callable[[], str] = str
) -> T:
    """The same for a test without an event loop."""
    deadline = time.monotonic() + timeout
    while not (found := probe()):
        assert time.monotonic() < deadline, f"not reached within {timeout:g} s: {found!r} {otherwise()}"
        time.sleep(_PAUSE_SECONDS)
    return found
