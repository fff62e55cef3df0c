"""Ending processes as a power cut would, and waiting for the supervisor to bring them back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil

from tests.platform.running import Running
from tests.platform.waiting import eventually


def _kill(running: Running, name: str) -> None:
    for pid in running.pids(name):
        os.kill(pid, signal.SIGKILL)


def _kill_gateway_workers(running: Running) -> None:
    for worker in running.gateway_workers():
        worker.kill()


def _stop_postgres_at_once(running: Running) -> None:
    """An immediate stop: sessions are cut, nothing is written out, the next start recovers from the log."""
    for pid in running.pids("postgres"):
        os.kill(pid, signal.SIGQUIT)


FAULTS: dict[str, Callable[[Running], None]] = {
    "gateway": lambda running: _kill(running, "gateway"),
    "gateway workers": _kill_gateway_workers,
    "aggregator": lambda running: _kill(running, "aggregator"),
    "portal": lambda running: _kill(running, "portal"),
    "postgres": _stop_postgres_at_once,
    "nats": lambda running: _kill(running, "nats"),
}


async def inflict(running: Running, fault: str) -> None:
    """Does it, and returns when others are there in place of the ended processes and every service is ready."""
    before = _pids(running, fault)
    FAULTS[fault](running)
    await eventually(
        lambda: _pids(running, fault), lambda pids: len(pids) == len(before) and not pids & before, seconds=60
    )
    await eventually(lambda: asyncio.to_thread(running.missing), lambda missing: not missing, seconds=60)


@asynccontextmanager
async def stopped(running: Running, name: str) -> AsyncIterator[None]:
    """A service or engine is down for as long as the block lasts: its supervisor is held, then lets it start again."""
    supervisor = running.home.supervisor_pid()
    assert supervisor is not None
    processes = [psutil.Process(pid) for pid in running.pids(name)]
    assert processes
    os.kill(supervisor, signal.SIGSTOP)
    try:
        for process in processes:
            os.kill(process.pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
        await eventually(lambda: not any(_is_alive(process) for process in processes))
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)
    await eventually(lambda: asyncio.to_thread(running.missing), lambda missing: not missing, seconds=60)


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _pids(running: Running, fault: str) -> set[int]:
    if fault == "gateway workers":
        return {worker.pid for worker in running.gateway_workers()}
    return running.pids(fault)
