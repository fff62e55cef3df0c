"""A gateway with a real socket, and requests as bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from servicekit.http_server import bind, serve
from services.tracking.tests.fixtures.gateway import Seat, Sit
from services.tracking.tests.fixtures.platform import NewTenant
from tracker_client import stamp
from tracking.access.rules.directory import AccessDirectory
from tracking.gateway.api.context import Gateway
from tracking.gateway.api.desktop import DesktopApi
from tracking.ingest.fastpath.api.ordinary_uploads import FastPath
from tracking.ingest.fastpath.api.protocol import UploadProtocol

PATH = "/api/upload/employee-activity"


class Counted:
    """The fallback application; counts the requests that reach it."""

    def __init__(self, app: DesktopApi) -> None:
        self._app = app
        self.calls = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await self.may_answer.wait()
        await self._app(scope, receive, send)


@pytest.fixture
def application(api: DesktopApi) -> Counted:
    return Counted(api)


@pytest.fixture
async def port(gateway: Gateway, directory: AccessDirectory, application: Counted) -> AsyncIterator[int]:
    listener = bind("127.0.0.1:0")
    speaking = UploadProtocol.of(FastPath(gateway, directory))
    serving = asyncio.create_task(serve(application, listener, protocol=speaking))
    yield listener.getsockname()[1]
    serving.cancel()
    await asyncio.wait([serving])


@pytest.fixture
async def seat(new_tenant: NewTenant, sit: Sit) -> Seat:
    """Somebody whose token and session the gateway knows."""
    seat = await sit(await new_tenant())
    assert (await seat.upload(applications=[row("known")])).ok
    return seat


def row(title: str, **changes: Any) -> dict[str, Any]:
    at = stamp(datetime.now(UTC))
    return {"app_name": "Editor", "window_title": title, "active_seconds": 5, "created_at": at} | changes


@pytest.fixture
def request_of(seat: Seat) -> Callable[..., bytes]:
    """`request_of(rows, header=value)`: the bytes of an upload."""

    def build(rows: list[Any], version: str = "1.1", key: str | None = None, **headers: str) -> bytes:
        body = json.dumps(seat.body(applications=rows, websites=[], activities=[])).encode()
        fields = {"X-Company-Key": key or seat.key, "Content-Length": str(len(body)), "Host": "gateway"} | headers
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST {PATH} HTTP/{version}\r\n{head}\r\n".encode() + body

    return build


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], dict[str, Any]]:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(status.split()[1]), headers, json.loads(body)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[UploadProtocol]:
    """Those that were made, in order."""
    made: list[UploadProtocol] = []
    make = UploadProtocol.connection_made

    def note(self: UploadProtocol, transport: asyncio.Transport) -> None:
        made.append(self)
        make(self, transport)

    monkeypatch.setattr(UploadProtocol, "connection_made", note)
    return made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The paths of the heads that were given to the parser."""
    paths: list[bytes] = []
    read = UploadProtocol.on_headers_complete

    def note(self: UploadProtocol) -> None:
        paths.append(self.url)
        read(self)

    monkeypatch.setattr(UploadProtocol, "on_headers_complete", note)
    return paths
