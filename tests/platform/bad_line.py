"""An unreliable connection between trackers and the gateway."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 64 * 1024


class BadLine:
    """A TCP proxy; `url` reaches the gateway through it. While it cuts connections, requests and replies are lost."""

    def __init__(self, gateway: str) -> None:
        """`gateway`: http://host:port."""
        self._host, _, port = gateway.removeprefix("http://").rpartition(":")
        self._port = int(port)
        self._open: set[asyncio.StreamWriter] = set()
        self._chance = 0.0  # probability that a chunk is lost and its connection ends
        self.url = ""
        self.cuts = 0

    async def cut(self, *, seconds: float, chance: float = 0.5) -> None:
        """Ends all connections, and for a while each one with this probability per chunk."""
        for writer in list(self._open):
            self._abort(writer)
        self._chance = chance
        await asyncio.sleep(seconds)
        self._chance = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection of a tracker."""
        try:
            upstream, gateway = await asyncio.open_connection(self._host, self._port)
        except OSError:  # the gateway is down, so the tracker gets no reply
            writer.transport.abort()
            return
        self._open.update((writer, gateway))
        await asyncio.gather(self._pass(reader, gateway), self._pass(upstream, writer))
        self._open.difference_update((writer, gateway))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await source.read(CHUNK):
                if random.random() < self._chance:
                    self._abort(target)
                    break
                target.write(chunk)
                await target.drain()
        target.close()

    def _abort(self, writer: asyncio.StreamWriter) -> None:
        self.cuts += 1
        writer.transport.abort()


@asynccontextmanager
async def bad_line(gateway: str) -> AsyncIterator[BadLine]:
    """Serves for the duration of the block."""
    line = BadLine(gateway)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
