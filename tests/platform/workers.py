"""Connections to a specific gateway process; the kernel tells which process accepted a connection."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from testkit.waiting import eventually
from tests.platform.running import WORKERS, Running
from tracker_client import open_http


@dataclass(frozen=True)
class Worker:
    """`http` keeps one connection to the process `pid`, as long as calls are sequential and none gets a 401."""

    pid: int
    http: httpx.AsyncClient


@asynccontextmanager
async def each_worker(running: Running) -> AsyncIterator[list[Worker]]:
    """Opens a connection to each gateway process."""
    async with AsyncExitStack() as stack:
        reached: dict[int, Worker] = {}

        async def connect() -> int:
            http = await stack.enter_async_context(open_http(keep_alive=True))
            pid = await serving(running, http)
            reached.setdefault(pid, Worker(pid, http))
            return len(reached)

        await eventually(connect, lambda count: count == WORKERS)
        yield list(reached.values())


async def serving(running: Running, http: httpx.AsyncClient) -> int:
    """Returns the process at the other end of `http`'s connection."""
    answer = await http.get(f"{running.gateway}/")
    _host, port = answer.extensions["network_stream"].get_extra_info("client_addr")
    [pid] = [
        worker.pid
        for worker in running.gateway_workers()
        for connection in worker.net_connections("tcp")
        if getattr(connection.raddr, "port", None) == port  # a listening socket has an empty address
    ]
    return pid
