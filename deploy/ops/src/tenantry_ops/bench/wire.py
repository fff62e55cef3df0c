"""A minimal keep-alive HTTP connection, so that the client's cost does not distort measurements."""

import asyncio
from typing import Self, cast

Answer = tuple[int, bytes]


class Wire(asyncio.Protocol):
    """One request at a time; responses must have a Content-Length."""

    def __init__(self) -> None:
        self.local_port = 0
        self.head = b""  # of the latest answer, in lower case
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[Answer] | None = None

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connects to host:port. Raises OSError."""
        host, _, port = address.rpartition(":")
        _transport, wire = await asyncio.get_running_loop().create_connection(cls, host, int(port))
        return wire

    def call(self, request: bytes) -> "asyncio.Future[Answer]":
        """Sends a whole request; the future holds the status and the body, or ConnectionError."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._answer.set_exception(ConnectionResetError("the server closed the connection"))
        else:
            self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Closes the connection, which must be idle."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self.local_port = transport.get_extra_info("sockname")[1]

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        self.head = head.lower()
        start = self.head.index(b"content-length:") + len(b"content-length:")
        if len(body) >= int(head[start:].partition(b"\r\n")[0]):
            self._received = b""
            if self._answer is not None and not self._answer.done():
                self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, _error: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError("the server closed the connection"))


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Returns a whole HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
