"""The HTTP server over real connections: limits, health, malformed requests, and graceful shutdown."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from servicekit import http_protocol
from servicekit.errors import Unavailable
from servicekit.http_headers import SecurityHeaders
from servicekit.http_server import BodyLimit, bind, health_routes, serve
from tenantry_ops.ports import LOOPBACK, free_port
from testkit.waiting import eventually

LIMIT = 10_000
FILES = 20_000  # bytes of a form with files
BUFFER = 512 * 1024  # bytes between two ends of one process
Raw = Callable[..., Awaitable[tuple[int, Any]]]  # status and JSON
Address = tuple[str, "asyncio.Task[None]"]  # of the server, and its task


async def take(request: Request) -> JSONResponse:
    return JSONResponse({"bytes": len(await request.body())})


async def echo_after_leaving(request: Request) -> JSONResponse:
    """Receives again after the body has been read."""
    await request.body()
    while not await request.is_disconnected():  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    raise ClientDisconnect


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
    Route("/leaving", echo_after_leaving, methods=["POST"]),
    Route("/slow", slow, methods=["GET", "POST"]),
    *health_routes({"database": here}),
]
app = Starlette(
    routes=routes,
    middleware=[Middleware(SecurityHeaders, secure=False), Middleware(BodyLimit, limit=LIMIT, files=FILES)],
)


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    """The server's address and its task."""
    listen = f"{LOOPBACK}:{free_port()}"
    serving = asyncio.create_task(serve(app, bind(listen)))
    yield listen, serving
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@pytest.fixture
def raw(address: Address) -> Raw:
    """`await raw(header, *chunks)` returns the status code and the JSON of the response."""

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


async def test_chunks_are_refused_beyond_the_limit(raw: Raw) -> None:
    assert await raw("Transfer-Encoding: chunked", *chunked(LIMIT, 1)) == REFUSED
    assert await raw("Transfer-Encoding: chunked", *chunked(6_000, 6_000)[:2]) == REFUSED, "the end is not awaited"


async def test_a_form_with_files_has_its_own_limit(raw: Raw) -> None:
    form = "Content-Type: multipart/form-data; boundary=x"
    assert await raw(f"{form}\r\nContent-Length: {FILES}", b"x" * FILES) == (200, {"bytes": FILES})
    refused = (413, {"status": False, "message": "a request may have at most 20000 bytes"})
    assert await raw(f"{form}\r\nContent-Length: {FILES + 1}") == refused
    assert await raw(f"{form}\r\nTransfer-Encoding: chunked", *chunked(FILES, 1)) == refused


async def test_the_application_receives_only_complete_requests(address: Address) -> None:
    """Its decisions are based on that moment, for example about a session that ended while the body arrived."""
    reached.clear()
    opened.set()
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    await writer.drain()
    await asyncio.sleep(0.1)
    assert not reached.is_set()
    writer.write(b"67890")
    assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"
    assert reached.is_set()
    writer.close()


@pytest.mark.parametrize("header", ["Content-Length: 10", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_arrive_is_refused_and_ends_the_connection(header: str) -> None:
    listen = f"{LOOPBACK}:{free_port()}"
    slow_app = Starlette(routes=routes, middleware=[Middleware(BodyLimit, limit=LIMIT, deadline=0.05)])
    serving = asyncio.create_task(serve(slow_app, bind(listen)))
    reader, writer = await asyncio.open_connection(*listen.split(":"))
    writer.write(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
    answered = await asyncio.wait_for(reader.read(), 20)
    assert answered.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in answered.lower()
    writer.close()
    serving.cancel()
    await asyncio.wait([serving])


@pytest.mark.parametrize(("path", "sent"), [("/", b"x" * 9), ("/leaving", b"x" * 10)])
async def test_a_disconnecting_client_is_not_an_error(
    address: Address, caplog: pytest.LogCaptureFixture, path: str, sent: bytes
) -> None:
    _reader, writer = await asyncio.open_connection(*address[0].split(":"))
    with capture_logs() as logs:
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n".encode() + sent)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
        said = await eventually(lambda: [line for line in logs if line["event"] == "client disconnected"], timeout=20)
    assert {line["log_level"] for line in said} == {"debug"}
    # Connections of other tests in this process may warn; only a server that failed would write an error.
    assert "error" not in {line["log_level"] for line in logs}
    assert caplog.records == []


async def test_health(address: Address) -> None:
    async with httpx.AsyncClient(base_url=f"http://{address[0]}") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "missing": []})
        assert "server" not in ready.headers
        assert ready.headers["x-content-type-options"] == "nosniff"


async def test_not_ready_names_only_what_is_missing() -> None:
    app = Starlette(routes=health_routes({"database": away, "bus": here}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        reply = await client.get("/readyz")
    assert (reply.status_code, reply.json()) == (503, {"status": "unavailable", "missing": ["database"]})


async def test_a_taken_address_is_an_error(address: Address) -> None:
    with pytest.raises(OSError, match="in use"):
        bind(address[0])


async def test_the_server_waits_for_running_requests(address: Address) -> None:
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


async def test_empty_lines_do_not_keep_an_idle_connection_open(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
    assert (await reader.readuntil(b'{"bytes":2}')).startswith(b"HTTP/1.1 200")
    monkeypatch.setattr(http_protocol, "HEAD_DEADLINE_SECONDS", 0.05)
    writer.write(b"\r\n")
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("framing", [b"content-length: 41\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n29\r\n"])
async def test_the_body_of_an_upgrade_is_not_read_as_a_request(address: Address, framing: bytes) -> None:
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


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
AMBIGUOUS = {
    "no host": b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": HEAD + b"Host: x\r\nContent-Length: 0\r\n\r\n",
    "a host that is none": b"POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 0\r\n\r\n",
    "an empty host": b"POST / HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\n\r\n",
    "two origins": HEAD + b"Origin: a\r\nOrigin: b\r\nContent-Length: 0\r\n\r\n",
    "the same origin twice": HEAD + b"Origin: a\r\nOrigin: a\r\nContent-Length: 0\r\n\r\n",
    "two authorizations": HEAD + b"Authorization: a\r\nauthorization: b\r\nContent-Length: 0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "two codings in one": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "another coding": HEAD + b"Transfer-Encoding: identity\r\n\r\n",
    "length and coding": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "coding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Company-Key: a\r\n\r\n",
    "120 kB in one piece": HEAD + b"X-A: " + b"a" * 120_000 + b"\r\n\r\n",
    "fields without number": HEAD + b"a: b\r\n" * 101 + b"\r\n",
}


@pytest.mark.parametrize("said", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_ambiguous_requests_are_refused(address: Address, said: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(said)
    answered = b""
    with suppress(ConnectionError):
        answered = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert answered.startswith(b"HTTP/1.1 400")
    assert answered.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("said", [b"GET /healthz HTTP/1.0\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"])
async def test_unambiguous_requests_are_accepted(address: Address, said: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(said)
    assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "one trailer": (CHUNKED + b"0\r\nX-A: ", b"a" * 4096),
    "a head": (HEAD, b"x-filler: " + b"a" * 4096 + b"\r\n"),
    "one header": (HEAD + b"X-A: ", b"a" * 4096),
    "an address": (b"GET /", b"a" * 4096),
    "chunk extensions": (CHUNKED, b"1;" + b"a" * 4096 + b"\r\nx\r\n"),
    "one chunk extension": (CHUNKED + b"1;", b"a" * 4096),
    "pipelined requests": (b"", b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" * 150),
}


@pytest.mark.parametrize(("start", "more"), ENDLESS.values(), ids=ENDLESS)
async def test_endless_input_takes_less_than_a_megabyte(address: Address, start: bytes, more: bytes) -> None:
    reached.clear()
    opened.clear()
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    tracemalloc.start()
    try:
        with suppress(ConnectionError):
            writer.write(start)
            for _ in range(2_000):  # 8 MB
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(0)
                if reader.at_eof():
                    break
            await asyncio.wait_for(reader.read(), 20)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        opened.set()
        writer.close()
    assert peak < 2**20 + 2 * BUFFER, "what this end has buffered counts too"


async def test_log_lines_about_malformed_requests_are_limited(
    address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        for number in range(30):
            reader, writer = await asyncio.open_connection(*address[0].split(":"))
            writer.write(b"nonsense\r\n\r\n" if number % 2 else AMBIGUOUS["two origins"])
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            writer.close()
    lines = [line for line in logs if line["event"] == "malformed request"]
    assert len(lines) <= 2
    assert all(line["peer"] == LOOPBACK for line in lines)
    assert caplog.records == []


async def test_a_head_that_is_too_large_ends_the_connection(address: Address) -> None:
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
async def test_a_head_that_does_not_arrive_ends_the_connection(
    address: Address, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_DEADLINE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(*address[0].split(":"))
    writer.write(said)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
