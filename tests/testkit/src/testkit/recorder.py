"""A server that records requests and sends given responses, for tests of a wire format."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, Any] | None  # status and JSON; None cuts the connection


@dataclass
class Request:
    """One request as received; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    connection: int

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.raw)


@dataclass
class Gate:
    """Delays a response: `reached` is set when the request has arrived; it is answered once `opened`."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Recorder:
    """Answers each path with (status, JSON); `None` cuts the connection instead of answering."""

    address: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    connections: int = 0

    def to(self, path: str) -> list[Request]:
        """Returns the requests to a path."""
        return [request for request in self.requests if request.path == path]

    def hold(self, path: str) -> Gate:
        """Holds the answers of a path back until the gate is opened."""
        return self.gates.setdefault(path, Gate())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until either side closes it."""
        self.connections += 1
        connection = self.connections
        try:
            while request := await _read(reader, connection):
                self.requests.append(request)
                if gate := self.gates.get(request.path):
                    gate.reached.set()
                    await gate.opened.wait()
                answer = self.answers.get(request.path, (200, {"status": True}))
                if answer is None:
                    break
                content = json.dumps(answer[1]).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (answer[0], len(content), content))
                await writer.drain()
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, raw, connection)
