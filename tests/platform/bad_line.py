"""A line between trackers and the gateway that can be cut, at moments when it hurts most."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

CHUNK = 64 * 1024


class BadLine:
    """A TCP proxy; `url` is the gateway's behind it. While it is cutting, answers and requests get lost on the way."""

    def __init__(self, gateway: str) -> None:
        """`gateway`: http://host:port."""
        self._host, _, port = gateway.removeprefix("http://").rpartition(":")
        self._port = int(port)
        self._open: set[asyncio.StreamWriter] = set()
        self._chance = 0.0  # of a chunk not to arrive, and of the connection to end with it
        self.url = ""
        self.cuts = 0

    async def cut(self, *, seconds: float, chance: float = 0.5) -> None:
        """Ends all connections at once, and for a while each with this chance whenever something passes through it."""
        for writer in list(self._open):
            self._abort(writer)
        self._chance = chance
        await asyncio.sleep(seconds)
        self._chance = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a tracker."""
        try:
            upstream, gateway = await asyncio.open_connection(self._host, self._port)
        except OSError:  # the gateway is away, so the tracker gets no answer
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
    """Serves as long as the block lasts."""
    line = BadLine(gateway)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        server.close()
