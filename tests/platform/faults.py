"""Fault injection: ends or freezes processes, and waits until the supervisor has restarted them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import psutil

from testkit.waiting import eventually
from tests.platform.bad_line import BadLine
from tests.platform.running import Running


def _kill(running: Running, name: str) -> None:
    for pid in running.pids(name):
        os.kill(pid, signal.SIGKILL)


def _kill_gateway_workers(running: Running) -> None:
    for worker in running.gateway_workers():
        worker.kill()


def _stop_postgres_at_once(running: Running) -> None:
    """Stops PostgreSQL immediately: sessions end without a checkpoint, and the next start recovers from the log."""
    for pid in running.pids("postgres"):
        os.kill(pid, signal.SIGQUIT)


ENDS: dict[str, Callable[[Running], None]] = {
    "gateway workers": _kill_gateway_workers,
    "postgres": _stop_postgres_at_once,
    **{
        name: partial(_kill, name=name)
        for name in ("gateway", "aggregator", "workspace", "tenancy", "billing", "portal", "nats")
    },
}
FROZEN = {"frozen gateway": "gateway", "frozen postgres": "postgres"}
CUT_LINE = "a line that is cut"
FAULTS = (*ENDS, *FROZEN, CUT_LINE)


async def inflict(running: Running, line: BadLine, fault: str, *, seconds: float) -> None:
    """Injects the fault, and waits until ended processes are restarted and every service is ready.

    `seconds`: how long a process is frozen, or a connection is unreliable.
    """
    if fault in ENDS:
        before = _pids(running, fault)
        ENDS[fault](running)
        await eventually(
            lambda: _pids(running, fault), lambda pids: len(pids) == len(before) and not pids & before, timeout=60
        )
    elif fault in FROZEN:
        await _freeze(running, FROZEN[fault], seconds)
    else:
        await line.cut(seconds=seconds)
    await eventually(lambda: asyncio.to_thread(running.missing), lambda missing: not missing, timeout=60)


async def _freeze(running: Running, name: str, seconds: float) -> None:
    """Freezes a process and its descendants for a while, like an overloaded machine."""
    [root] = running.pids(name)
    processes = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        await asyncio.sleep(seconds)
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # another process has killed it
                process.resume()


@asynccontextmanager
async def stopped(running: Running, name: str) -> AsyncIterator[None]:
    """Keeps a service or engine down for the duration of the block by pausing its supervisor."""
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
    await eventually(lambda: asyncio.to_thread(running.missing), lambda missing: not missing, timeout=60)


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _pids(running: Running, fault: str) -> set[int]:
    if fault == "gateway workers":
        return {worker.pid for worker in running.gateway_workers()}
    return running.pids(fault)
