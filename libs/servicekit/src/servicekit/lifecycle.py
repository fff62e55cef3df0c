"""A process: some tasks that run until a signal or the first failure, and loops that outlive their errors."""

import asyncio
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
import uvloop

log = structlog.get_logger()

LONGEST_PAUSE = 5.0  # seconds between two tries of a step that fails
EXIT_GRACE = 10.0  # seconds a task gets to end after it was cancelled


async def run_tasks(*tasks: Coroutine[Any, Any, None]) -> None:
    """Runs all until a signal or until one ends, then cancels the others; raises the error of one that failed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    running = [asyncio.create_task(task) for task in tasks]
    done, _ = await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
    for task in running:
        task.cancel()
    stopping.cancel()
    await asyncio.wait(running, timeout=EXIT_GRACE)
    for finished in done - {stopping}:
        finished.result()


def run_process(main: Coroutine[Any, Any, None]) -> None:
    """Runs a process's composition function on uvloop."""
    gc.freeze()  # what was imported stays: the collector need not walk through it again and again
    gc.set_threshold(10_000, 20, 20)
    uvloop.run(main)


async def forever(name: str, step: Callable[[], Awaitable[bool]], *, idle: float) -> None:
    """Calls `step` for ever: `idle` seconds after nothing to do, up to `LONGEST_PAUSE` after errors, which it logs."""
    pause = idle
    while True:
        began = time.monotonic()
        try:
            busy = await step()
            pause = idle
        except Exception as error:
            if (task := asyncio.current_task()) and task.cancelling():  # libraries turn it into errors of their own
                raise asyncio.CancelledError from error
            log.warning("step failed", step=name, error=repr(error))
            lasted = time.monotonic() - began > LONGEST_PAUSE  # it did well for a while
            busy, pause = False, min(max(idle if lasted else pause, 0.1) * 2, LONGEST_PAUSE)
        if not busy:
            await asyncio.sleep(pause)
