"""Several processes that share one listening socket; the kernel distributes the connections."""

import asyncio
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import wait

import structlog

log = structlog.get_logger()

END_GRACE = 8.0  # seconds a worker has to finish its requests
RESTART_PAUSE = 0.5


def run_workers(
    target: Callable[[socket.socket], None], listener: socket.socket, count: int, drain_seconds: float
) -> None:
    """Runs `target(listener)` in `count` processes until SIGTERM or SIGINT; a worker that ends is replaced.

    After SIGTERM the workers drain for `drain_seconds`; a second signal ends them.

    A single worker runs in this process. The parent binds the socket once: with SO_REUSEPORT a second instance of the
    platform would bind the same port silently and receive part of the calls.
    """
    if count == 1:
        target(listener)
        return
    context = multiprocessing.get_context("spawn")
    stopped, stop = context.Pipe(duplex=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.send(None))

    def start() -> multiprocessing.context.SpawnProcess:
        worker = context.Process(target=target, args=(listener,))
        worker.start()
        return worker

    workers = [start() for _ in range(count)]
    while not stopped.poll():
        wait([stopped, *(worker.sentinel for worker in workers)])
        for place, worker in enumerate(workers):
            if worker.exitcode is not None and not stopped.poll(RESTART_PAUSE):
                log.warning("worker ended and is restarted", pid=worker.pid, exit_code=worker.exitcode)
                workers[place] = start()
    latest = time.monotonic() + drain_seconds + END_GRACE
    while (running := [worker for worker in workers if worker.is_alive()]) and time.monotonic() < latest:
        if stopped.poll():
            stopped.recv()
            for worker in running:
                worker.terminate()
        wait([stopped, *(worker.sentinel for worker in running)], latest - time.monotonic())
    for worker in workers:
        worker.kill()
        worker.join()


async def while_parent_lives() -> None:
    """Returns when the parent process has ended, even by SIGKILL: a worker must not keep the port."""
    parent = multiprocessing.parent_process()
    gone = asyncio.Event()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, gone.set)
    await gone.wait()
