"""HTTP: the cap on bodies over real connections, health, and an end that lets running requests finish."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from servicekit import http_protocol
from servicekit.errors import Unavailable
from servicekit.http_headers import SecurityHeaders
from servicekit.http_server import BodyLimit, bind, health_routes, serve
from tenantry_ops.ports import LOOPBACK, free_port

LIMIT = 10_000
Raw = Callable[..., Any]


async def take(request: Request) -> JSONResponse:
    return JSONResponse({"bytes": len(await request.body())})


async def answer_first(request: Request) -> StreamingResponse:
    """Answers while it still reads."""

    async def echo() -> AsyncIterator[bytes]:
        yield b"begun"
        async for _chunk in request.stream():
            pass

    return StreamingResponse(echo())


async def slow(_request: Request) -> JSONResponse:
    reached.set()
    await opened.wait()
    return JSONResponse({"status": "done"})


async def here() -> None:
    """A dependency that answers."""


async def away() -> None:
    raise Unavailable("the secret database is away")


reached, opened = asyncio.Event(), asyncio.Event()
routes = [
    Route("/", take, methods=["POST"]),
    Route("/early", answer_first, methods=["POST"]),
    Route("/slow", slow),
    *health_routes({"database": here}),
]
app = Starlette(
    routes=routes, middleware=[Middleware(SecurityHeaders, secure=False), Middleware(BodyLimit, limit=LIMIT)]
)


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, "asyncio.Task[None]"]]:
    """Where it serves, and the task that does."""
    listen = f"{LOOPBACK}:{free_port()}"
    serving = asyncio.create_task(serve(app, bind(listen)))
    yield listen, serving
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
def raw(address) -> Raw:
    """`await raw(header, *chunks)`: the status code and the JSON that come back."""

    async def ask(header: str, *chunks: bytes, path: str = "/") -> tuple[int, Any]:
        reader, writer = await asyncio.open_connection(*address[0].split(":"))
        try:
            writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
            for chunk in chunks:
                writer.write(chunk)
            await writer.drain()
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            return int(head.split()[1]), json.loads(await reader.readexactly(length))
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    return ask


def chunked(*sizes: int) -> list[bytes]:
    return [b"%x\r\n%s\r\n" % (size, b"x" * size) for size in sizes] + [b"0\r\n\r\n"]


REFUSED = (413, {"status": False, "message": "a request may have at most 10000 bytes"})


@pytest.mark.parametrize(("size", "answer"), [(0, (200, {"bytes": 0})), (LIMIT, (200, {"bytes": LIMIT}))])
async def test_up_to_the_limit(raw: Raw, size: int, answer: Any) -> None:
    assert await raw(f"Content-Length: {size}", b"x" * size) == answer
    assert await raw("Transfer-Encoding: chunked", *chunked(*[size] * bool(size))) == answer


async def test_a_declared_length_is_refused_before_a_byte_is_read(raw: Raw) -> None:
    assert await raw(f"Content-Length: {LIMIT + 1}") == REFUSED
    assert await raw(f"Content-Length: {10**15}") == REFUSED


async def test_chunks_are_refused_when_they_pass_the_limit(raw: Raw) -> None:
    assert await raw("Transfer-Encoding: chunked", *chunked(LIMIT, 1)) == REFUSED
    assert await raw("Transfer-Encoding: chunked", *chunked(6_000, 6_000)[:2]) == REFUSED, "the end is not awaited"


async def test_an_answer_that_has_begun_is_cut(address) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * LIMIT

    async with httpx.AsyncClient(base_url=f"http://{address[0]}") as client:
        with pytest.raises(httpx.TransportError):
            await client.post("/early", content=chunks())


async def test_health(address) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address[0]}") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "missing": []})
        assert "server" not in ready.headers
        assert ready.headers["x-content-type-options"] == "nosniff"


async def test_not_ready_names_what_is_missing_and_nothing_more() -> None:
    app = Starlette(routes=health_routes({"database": away, "bus": here}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        reply = await client.get("/readyz")
    assert (reply.status_code, reply.json()) == (503, {"status": "unavailable", "missing": ["database"]})


async def test_a_taken_address_is_an_error(address) -> None:
    with pytest.raises(OSError, match="in use"):
        bind(address[0])


async def test_a_running_request_ends_before_the_server_does(address) -> None:
    listen, serving = address
    reached.clear()
    opened.clear()
    async with httpx.AsyncClient(base_url=f"http://{listen}", timeout=20) as client:
        asking = asyncio.create_task(client.get("/slow"))
        await asyncio.wait_for(reached.wait(), 20)
        serving.cancel()
        await asyncio.sleep(0)
        opened.set()
        assert (await asking).json() == {"status": "done"}
    with suppress(asyncio.CancelledError):
        await serving


async def test_empty_lines_keep_no_connection_that_has_been_answered(address, monkeypatch) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
    assert (await reader.readuntil(b'{"bytes":2}')).startswith(b"HTTP/1.1 200")
    monkeypatch.setattr(http_protocol, "HEAD_DEADLINE", 0.05)
    writer.write(b"\r\n")
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("framing", [b"content-length: 41\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n29\r\n"])
async def test_the_body_of_an_upgrade_is_no_request(address, framing: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n" + framing)
    await writer.drain()
    await asyncio.sleep(0.05)
    with suppress(ConnectionError):
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: gateway\r\n\r\n")
        await writer.drain()
    answered = await reader.read()
    assert (answered.count(b"HTTP/1.1"), answered[:12]) == (1, b"HTTP/1.1 400")
    writer.close()


async def test_a_head_that_is_too_large_ends_the_connection(address) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\n")
    with suppress(ConnectionError):
        for _ in range(64):
            writer.write(b"x-filler: " + b"a" * 4096 + b"\r\n")
            await writer.drain()
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("said", [b"POST / HTTP/1.1\r\nhost: x\r\n", b"", b"\r\n", b"POST / HTTP/1.1\r\nhost"])
async def test_a_head_that_does_not_arrive_ends_the_connection(address, monkeypatch, said: bytes) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_DEADLINE", 0.05)
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(said)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
