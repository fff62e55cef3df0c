"""Two processes of one kind behind a proxy that polls their readiness, as an operator would run them."""

import asyncio
import itertools
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx

from tenantry_ops.ports import free_port
from testkit.waiting import eventually

POLL_SECONDS = 0.2
DRAIN_SECONDS = 1.0
CHUNK = 64 * 1024

IsReady = Callable[[str], Awaitable[bool]]
"""Whether the process at this address, host:port, wants calls."""


async def ready_over_http(address: str) -> bool:
    """Asks /readyz."""
    with suppress(httpx.HTTPError):
        async with httpx.AsyncClient() as http:
            return (await http.get(f"http://{address}/readyz")).status_code == 200
    return False


class Replicas:
    """The processes and their proxy; `address` is the proxy's host:port."""

    def __init__(self, program: tuple[str, ...], environments: Mapping[str, Mapping[str, str]], ready: IsReady) -> None:
        """`environments`: by the address that a process listens on. `program`: the command and its arguments."""
        self._program = (str(Path(sys.executable).with_name(program[0])), *program[1:])
        self._environments = environments
        self._ready = ready
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._in_turn: set[str] = set()
        self._turns = itertools.count()
        self.address = ""

    async def start(self, address: str) -> None:
        """Starts one process and waits until the proxy sends calls to it."""
        self._processes[address] = await asyncio.create_subprocess_exec(
            *self._program, env=dict(self._environments[address]), stdout=asyncio.subprocess.DEVNULL
        )
        await eventually(lambda: address in self._in_turn)

    async def replace(self) -> None:
        """Replaces the processes one after the other."""
        for address in self._environments:
            process = self._processes[address]
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
            await self.start(address)

    async def poll(self) -> None:
        """Runs until cancelled."""
        while True:
            for address in self._environments:
                (self._in_turn.add if await self._ready(address) else self._in_turn.discard)(address)
            await asyncio.sleep(POLL_SECONDS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes one connection on to a ready process."""
        turn = sorted(self._in_turn)
        if not turn:
            writer.transport.abort()
            return
        host, _, port = turn[next(self._turns) % len(turn)].rpartition(":")
        upstream, process = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass(reader, process), _pass(upstream, writer))

    async def stop(self) -> None:
        """Ends all processes."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    target.close()


@asynccontextmanager
async def replicas(
    program: tuple[str, ...], environment: Mapping[str, str], *, listen: str, ready: IsReady = ready_over_http
) -> AsyncIterator[Replicas]:
    """Runs two processes with this environment; `listen` is the variable that gets their addresses."""
    environments = {
        address: {**environment, listen: address, "DRAIN_SECONDS": f"{DRAIN_SECONDS:g}"}
        for address in (f"127.0.0.1:{free_port()}" for _ in range(2))
    }
    async with AsyncExitStack() as stack:
        found = Replicas(program, environments, ready)
        server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
        stack.callback(server.close)
        polling = asyncio.create_task(found.poll())
        stack.callback(polling.cancel)
        found.address = "{}:{}".format(*server.sockets[0].getsockname())
        stack.push_async_callback(found.stop)
        for address in environments:
            await found.start(address)
        yield found
