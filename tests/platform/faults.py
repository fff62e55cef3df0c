"""Ending processes as a power cut would, and waiting for the supervisor to bring them back."""

import asyncio
import os
import signal
from collections.abc import Callable

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


def _pids(running: Running, fault: str) -> set[int]:
    if fault == "gateway workers":
        return {worker.pid for worker in running.gateway_workers()}
    return running.pids(fault)
