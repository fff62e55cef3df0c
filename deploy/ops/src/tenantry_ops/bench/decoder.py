"""`python -m tenantry_ops.bench.decoder PORT`: a server that only reads uploads, the minimum in Python.

An HTTP parser and a JSON decoder on a socket, without checks and without storage.
"""

import asyncio
import sys
from typing import cast

import httptools
import msgspec
import uvloop

from tenantry_ops.ports import LOOPBACK


class Application(msgspec.Struct):
    app_name: str
    window_title: str
    active_seconds: int
    created_at: str


class Website(msgspec.Struct):
    domain: str
    url: str | None
    active_seconds: int
    created_at: str


class Activity(msgspec.Struct):
    minute_type: str
    duration_seconds: int
    created_at: str


class Upload(msgspec.Struct):
    employee_id: int
    company_id: int
    active_token: str
    work_session_id: int
    applications: list[Application]
    websites: list[Website]
    activities: list[Activity]


DECODER = msgspec.json.Decoder(Upload)


class Decoder(asyncio.Protocol):
    """Answers each upload like the gateway."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's class does not derive from it

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body += body

    def on_message_complete(self) -> None:
        """Called by the parser."""
        upload = DECODER.decode(self._body)
        self._body = b""
        rows = len(upload.applications) + len(upload.websites) + len(upload.activities)
        answer = b'{"status":true,"message":"%d rows stored"}' % rows
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
        if self._transport is not None:
            self._transport.write(head + answer)


async def main(port: int) -> None:
    """Serves until killed."""
    server = await asyncio.get_running_loop().create_server(Decoder, LOOPBACK, port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
