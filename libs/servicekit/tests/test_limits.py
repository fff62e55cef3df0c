"""The limits of every HTTP service: the limit is accepted, one more is refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from servicekit.http_protocol import MAX_FRAMING_BYTES, MAX_HEAD_BYTES, MAX_HEADER_FIELDS, MAX_PIPELINED_REQUESTS
from servicekit.http_server import bind, serve

opened = asyncio.Event()


async def take(request: Request) -> PlainTextResponse:
    await request.body()
    await opened.wait()
    return PlainTextResponse("taken")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    listener = bind("127.0.0.1:0")
    app = Starlette(routes=[Route("/", take, methods=["GET", "POST"])])
    serving = asyncio.create_task(serve(app, listener))
    yield listener.getsockname()[1]
    serving.cancel()
    await asyncio.wait([serving])


def head(more: int) -> list[bytes]:
    start = b"GET / HTTP/1.1\r\nHost: x\r\nX-Filler: "
    counted = len("/") + len("Host") + len("x") + len("X-Filler") + 2 * 4  # the parser tells no more of it
    return [start + b"a" * (MAX_HEAD_BYTES - counted + more) + b"\r\n\r\n"]


def fields(more: int) -> list[bytes]:
    return [b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (MAX_HEADER_FIELDS - 1 + more) + b"\r\n"]


def framing(more: int) -> list[bytes]:
    """A chunk of one byte, its size and its extension, which come after the head; then the end."""
    chunk = b"1;" + b"a" * (MAX_FRAMING_BYTES + 1 - len("1;") - 2 * len("\r\n") + more) + b"\r\nx\r\n"
    return [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n"]


def pipelined(more: int) -> list[bytes]:
    return [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * (MAX_PIPELINED_REQUESTS + 1 + more)]


@pytest.mark.parametrize(("pieces", "answers"), [(head, 1), (fields, 1), (pipelined, MAX_PIPELINED_REQUESTS + 1)])
async def test_as_much_as_is_allowed_and_one_more(
    port: int, pieces: Callable[[int], list[bytes]], answers: int
) -> None:
    for more in (0, 1):
        answered = await ask(port, pieces(more))
        assert answered.count(b"HTTP/1.1 200") == (0 if more else answers)
        assert answered.count(b"HTTP/1.1 400") in ((0, 1) if more else (0,))


async def test_framing_is_limited_relative_to_the_body(port: int) -> None:
    """In pieces, because framing in the same piece as the head is limited by the size of one read."""
    assert (await ask(port, framing(0)[:2], wait=True)) == b"", "still open"
    with suppress(ConnectionError):
        assert (await ask(port, framing(8)[:2])) == b""


async def ask(port: int, pieces: list[bytes], *, wait: bool = False) -> bytes:
    opened.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05)
    opened.set()
    answered = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.5 if wait else 1.0):
            while data := await reader.read(65536):
                answered += data
            if wait:
                raise AssertionError("the connection has ended")
    writer.close()
    return answered
