"""The lifecycle of a process: tasks that run until a signal or the first failure, and loops that survive errors."""

import asyncio
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


async def run_tasks(*tasks: Coroutine[Any, Any, None]) -> None:
    """Runs the tasks until a signal arrives or one ends, then cancels the others. Raises the error of a failed task."""
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
    await asyncio.wait(running, timeout=EXIT_GRACE_SECONDS)
    for finished in done - {stopping}:
        finished.result()


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
