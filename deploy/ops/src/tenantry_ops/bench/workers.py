"""Connections to each gateway process. The kernel distributes connections, and no response names the process."""

import asyncio
import time

import psutil

from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.bench.wire import Wire

ATTEMPTS = 200
READY_SECONDS = 30.0
POLL_SECONDS = 0.02


async def wire_to_each(address: str, gateway: int, count: int) -> list[Wire]:
    """Opens a connection to each of `count` workers below the process `gateway`. Raises BenchmarkFailed."""
    wires: dict[int, Wire] = {}
    for _attempt in range(ATTEMPTS):
        wire = await Wire.open(address)
        worker = await _holder(gateway, wire.local_port)
        if worker in wires:
            wire.close()
        else:
            wires[worker] = wire
            if len(wires) == count:
                return list(wires.values())
    raise BenchmarkFailed(f"{ATTEMPTS} connections reached {len(wires)} of {count} gateway workers")


async def wait_accepted(wire: Wire, request: bytes) -> None:
    """Repeats a call until its worker accepts it. Raises BenchmarkFailed after 30 s."""
    deadline = time.monotonic() + READY_SECONDS
    while (await wire.call(request))[0] != 200:
        if time.monotonic() > deadline:
            raise BenchmarkFailed("a gateway worker does not accept a company that is not suspended")
        await asyncio.sleep(POLL_SECONDS)


async def _holder(gateway: int, port: int) -> int:
    """Returns the process at the other end of the connection from a local port."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for worker in psutil.Process(gateway).children(recursive=True):
            for connection in worker.net_connections("tcp"):
                if connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == port:
                    return worker.pid
        await asyncio.sleep(POLL_SECONDS)  # not taken from the listener yet
    raise BenchmarkFailed("no gateway worker has accepted a connection")
