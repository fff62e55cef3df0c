"""The gateway as deployed: two processes on one socket, real connections, oversized and truncated requests."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from services.tracking.tests.fixtures.platform import ReadRows, Tenant
from tenantry_ops.programs import command
from testkit.waiting import eventually
from testkit.world import World
from tracker_client import Desktop, TrackerClient

UPLOAD = "/api/upload/employee-activity"
LOST = (ConnectionError, asyncio.IncompleteReadError)


@pytest.fixture(scope="module")
async def process(world: World, environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command("tracking", "gateway"),
        env=environment | {"TRACKING_GATEWAY_WORKERS": "2"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def is_ready() -> bool:
        try:
            async with httpx.AsyncClient(base_url=f"http://{world.platform.gateway}") as client:
                return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await eventually(is_ready)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        code = await asyncio.wait_for(process.wait(), 20)
    assert code == 0


@pytest.fixture
async def client(world: World, process: asyncio.subprocess.Process, tenant: Tenant) -> AsyncIterator[TrackerClient]:
    assert process.returncode is None
    async with TrackerClient(f"http://{world.platform.gateway}/api", tenant.key) as client:
        yield client


@pytest.fixture
def raw(
    world: World, process: asyncio.subprocess.Process, tenant: Tenant
) -> Callable[..., Awaitable[tuple[int, dict[str, Any], bool]]]:
    """`await raw(head, *chunks)`: what comes back on a connection, until it ends or `Content-Length` is reached."""
    assert process.returncode is None
    host, port = world.platform.gateway.split(":")

    async def ask(length: str, *chunks: bytes, path: str = UPLOAD) -> tuple[int, dict[str, Any], bool]:
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {path} HTTP/1.1\r\nHost: gateway\r\nX-Company-Key: {tenant.key}\r\n{length}\r\n\r\n"
        try:
            writer.write(head.encode())
            with suppress(*LOST):  # it may be refused before all is sent
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
            answer = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
            size = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
            return int(answer.split()[1]), json.loads(await reader.readexactly(size)), "connection: close" in answer
        finally:
            writer.transport.abort()
            with suppress(*LOST):
                await writer.wait_closed()

    return ask


def encoded_screen() -> bytes:
    file = BytesIO()
    Image.new("RGB", (1920, 1080), "teal").save(file, "PNG")
    return file.getvalue()


async def test_a_tracker_works_against_it(client: TrackerClient, tenant: Tenant, stored: ReadRows) -> None:
    desktop = Desktop(client, datetime.now(UTC))
    assert (await client.probe()).code == 200
    assert await desktop.sign_in(tenant.people[0], tenant.password)
    await desktop.poll_config()
    assert desktop.config.config_version > 1
    assert await desktop.start()
    for _ in range(8):  # some reach one process, some the other
        desktop.tick(1)
        reply = await desktop.upload()
        assert reply is not None
        assert reply.ok
        assert await desktop.poll_session()
    desktop.capture(encoded_screen())
    assert await desktop.stop()
    assert await desktop.upload_screenshots() == 1
    assert len(await stored("screenshot", tenant.company_id)) == 1
    claims = [row for row in await stored("fold_queue", tenant.company_id) if row["kind"] == "A"]
    assert sum(row["seconds"] for row in claims) == 8


async def test_fifty_megabytes_are_refused_by_their_length(
    raw: Callable[..., Awaitable[tuple[int, dict[str, Any], bool]]],
) -> None:
    code, body, closes = await raw(f"Content-Length: {50 * 1024**2}", b"{")
    assert (code, body["status"], closes) == (413, False, True)


async def test_fifty_megabytes_in_chunks_are_refused_on_the_way(
    raw: Callable[..., Awaitable[tuple[int, dict[str, Any], bool]]],
) -> None:
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    try:
        code, body, closes = await raw("Transfer-Encoding: chunked", *[chunk] * 50)
    except LOST:
        return  # cut while it was still sending: that keeps a tracker's rows as well
    assert (code, body["status"], closes) == (413, False, True)


@pytest.mark.parametrize("length", ["Content-Length: -1", "Content-Length: ten", f"Content-Length: {'9' * 5000}"])
async def test_a_length_that_is_no_number(
    raw: Callable[..., Awaitable[tuple[int, dict[str, Any], bool]]], length: str
) -> None:
    try:
        code, _body, _closes = await raw(length, b"{}")
    except (*LOST, ValueError):
        return  # the server itself says no
    assert 400 <= code < 500


async def test_a_request_that_is_cut_harms_nobody(
    world: World, raw: Callable[..., Awaitable[tuple[int, dict[str, Any], bool]]], client: TrackerClient
) -> None:
    host, port = world.platform.gateway.split(":")
    for _ in range(5):
        _reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{{".encode())
        await writer.drain()
        writer.transport.abort()
        await writer.wait_closed()
    code, body, _closes = await raw("Content-Length: 2", b"{}")
    assert (code, body["message"]) == (400, "work_session_id must be a positive integer")
    assert (await client.probe()).code == 200


async def test_a_worker_that_dies_is_replaced(process: asyncio.subprocess.Process, client: TrackerClient) -> None:
    def workers() -> list[int]:
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
            return [pid for pid in map(int, file.read().split()) if b"spawn_main" in _command_line(pid)]

    before = workers()
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)

    async def is_replaced() -> bool:
        return len(workers()) == 2 and set(workers()) != set(before)

    await eventually(is_replaced)
    assert (await client.probe()).code == 200


def _command_line(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


async def test_its_health(world: World, process: asyncio.subprocess.Process) -> None:
    assert process.returncode is None
    async with httpx.AsyncClient(base_url=f"http://{world.platform.gateway}") as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok", "missing": []}
