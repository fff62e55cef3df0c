"""The lifecycle of a process: tasks that run until a signal or the first failure, and loops that survive errors.

A process that gets SIGTERM drains first: it serves on, while `/readyz` answers 503 and responses close their
connections, until whoever distributes the calls has noticed. A second signal, or SIGINT, ends it at once.
"""

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
import uvloop

log = structlog.get_logger()

MAX_PAUSE_SECONDS = 5.0  # between two attempts of a failing step
EXIT_GRACE_SECONDS = 10.0  # for a cancelled task to end


class _Drain:
    """Whether this process drains, and who waits for that."""

    def __init__(self) -> None:
        self.begun = False
        self.waiting: asyncio.Event | None = None

    def begin(self) -> None:
        self.begun = True
        if self.waiting is not None:
            self.waiting.set()


_drain = _Drain()


def is_draining() -> bool:
    """Whether the process has been told to stop and serves on for its drain time."""
    return _drain.begun


async def until_draining() -> None:
    """Returns when the process begins to drain."""
    if _drain.waiting is None:
        _drain.waiting = asyncio.Event()
    await _drain.waiting.wait()


async def run_tasks(*tasks: Coroutine[Any, Any, None], drain_seconds: float = 0.0) -> None:
    """Runs the tasks until a signal arrives or one ends, then cancels the others. Raises the error of a failed task.

    After SIGTERM they run on for `drain_seconds`.
    """
    _drain.begun, _drain.waiting = False, asyncio.Event()
    stopping = asyncio.create_task(_until_told_to_stop(drain_seconds))
    running = [asyncio.create_task(task) for task in tasks]
    done, _ = await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    for task in running:
        task.cancel()
    stopping.cancel()
    await asyncio.wait(running, timeout=EXIT_GRACE_SECONDS)
    for finished in done - {stopping}:
        finished.result()


async def _until_told_to_stop(drain_seconds: float) -> None:
    terminate, now = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: now.set() if terminate.is_set() else terminate.set())
    loop.add_signal_handler(signal.SIGINT, now.set)
    told = [asyncio.ensure_future(event.wait()) for event in (terminate, now)]
    await asyncio.wait(told, return_when=asyncio.FIRST_COMPLETED)
    if drain_seconds and not now.is_set():
        log.info("draining", seconds=drain_seconds)
        _drain.begin()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await now.wait()
    for waiting in told:
        waiting.cancel()


def run_process(main: Coroutine[Any, Any, None]) -> None:
    """Runs the main function of a process on uvloop."""
    gc.freeze()  # excludes imported modules, which stay, from garbage collection
    gc.set_threshold(10_000, 20, 20)
    uvloop.run(main)


async def repeat(name: str, step: Callable[[], Awaitable[bool]], *, idle: float) -> None:
    """Repeats `step`. Waits `idle` seconds if it had nothing to do, up to `MAX_PAUSE_SECONDS` after a logged error."""
    pause = idle
    while True:
        began = time.monotonic()
        try:
            busy = await step()
            pause = idle
        except Exception as error:
            if (
                task := asyncio.current_task()
            ) and task.cancelling():  # some libraries convert a cancellation into their own errors
                raise asyncio.CancelledError from error
            log.warning("step failed", step=name, error=repr(error))
            lasted = time.monotonic() - began > MAX_PAUSE_SECONDS  # the step worked for a while
            busy, pause = False, min(max(idle if lasted else pause, 0.1) * 2, MAX_PAUSE_SECONDS)
        if not busy:
            await asyncio.sleep(pause)
