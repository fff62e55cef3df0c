"""Twenty thousand mutated bodies cause no 5xx, and valid calls are still accepted."""

import asyncio
import base64
import copy
import gzip
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from typing import Any

import pytest
from backports import zstd
from PIL import Image
from starlette.types import ASGIApp, Message

from services.tracking.tests.fixtures.gateway import Fold, Seat, gateway_now
from services.tracking.tests.fixtures.platform import Tenant
from tracker_client import NativeAgent, stamp
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.native import NativeApi

BODIES = 20_000
AT_ONCE = 64
ODD: Any = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**40, 1.5, 1e308, "", " ", "0", "NaN", "\x00", "\ud83d"),
    *("x" * 5_000, "0001-01-01T00:00:00+14:00", "9999-12-31 23:59:59", "2026-01-05T09:00:00Z", "'; --", "ACTIVE"),
    *([], {}, [[]], [{}], {"": None}, "\u202e\U0001f600", str(uuid.UUID(int=0)), "activity", "idle"),
]
Request = tuple[str, str, bytes, dict[str, str]]  # method, path, body, headers


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """The places of nested values: container and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)


def twisted(value: Any, random: Random) -> Any:
    """With a few values lost, doubled, exchanged or replaced."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        if not (found := list(places(value))):
            return random.choice(ODD)
        container, key = random.choice(found)
        match random.randrange(4):
            case 0:
                del container[key]
            case 1:
                container[key] = [container[key]] * random.choice([1, 2, 30])
            case 2:
                other, place = random.choice(found)
                container[key] = copy.deepcopy(other[place]) if isinstance(other, dict) and place in other else None
            case _:
                container[key] = copy.deepcopy(random.choice(ODD))
    return value


def damaged(body: bytes, random: Random) -> bytes:
    """With bytes changed, cut out, doubled or put in."""
    data = bytearray(body)
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice([1, 1, 4, 64]))
        match random.randrange(5):
            case 0:
                del data[start:]
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end]
            case 3:
                data[start:start] = random.randbytes(random.choice([1, 3, 16]))
            case _:
                data[start:end] = bytes(byte ^ 1 << random.randrange(8) for byte in data[start:end])
    return bytes(data)


def mutated(request: tuple[str, str, Any, dict[str, str]], random: Random) -> Request:
    method, path, body, headers = request
    content = body
    if not isinstance(body, bytes):
        kept = twisted(body, random) if random.random() < 0.4 else body
        content = json.dumps(kept, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
        if kept is body:
            content = damaged(content, random)
    else:
        content = damaged(body, random)
    if path == "/v1/sync" and random.random() < 0.3:
        encoding = random.choice(["gzip", "zstd"])
        packed = gzip.compress(content, 1) if encoding == "gzip" else zstd.compress(content)
        content = packed if random.random() < 0.5 else damaged(packed, random)
        headers = {**headers, "content-encoding": encoding}
    return method, path, content, headers


async def ask(app: ASGIApp, request: Request) -> int:
    """The status of the answer: straight from the application, for a client would cost more than it."""
    method, path, body, headers = request
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
    }
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    status = 0

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


@pytest.fixture
def requests(seat: Seat, agent: NativeAgent, tenant: Tenant) -> list[tuple[str, str, Any, dict[str, str]]]:
    """Valid requests; cheap ones with many bodies are listed several times."""
    moment = gateway_now()
    now, at = stamp(moment), moment.isoformat()
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    whose = {"employee_id": seat.account.id, "active_token": seat.account.token}
    application = {"app_name": "Editor", "window_title": "notes", "active_seconds": 5, "created_at": now}
    website = {"domain": "a.example", "url": None, "active_seconds": 7, "created_at": now}
    tick = {"minute_type": "ACTIVE", "duration_seconds": 5, "created_at": now}
    upload = seat.body(applications=[application] * 2, websites=[website], activities=[tick])
    session = str(uuid.uuid4())
    stretch = {"start": (moment - timedelta(seconds=5)).isoformat(), "end": at}
    records = [
        {"type": "session_start", "id": session, "at": at},
        {"type": "activity", "id": str(uuid.uuid4()), "kind": "active", **stretch},
        {"type": "application", "id": str(uuid.uuid4()), "name": "Editor", "title": "notes", **stretch},
        {"type": "website", "id": str(uuid.uuid4()), "domain": "a.example", "url": "", **stretch},
        {"type": "session_end", "id": str(uuid.uuid4()), "session_id": session, "at": at},
    ]
    sync = {"sent_at": at, "session_id": session, "records": records}
    picture = {**whose, "work_session_id": seat.session, "capture_time": now}
    picture["photo"] = base64.b64encode(file.getvalue()).decode()
    put = f"/v1/screenshots/{uuid.uuid4()}?session_id={session}&captured_at={now.replace(' ', 'T')}Z&sent_at={at[:19]}Z"
    desktop = [
        *[("upload/employee-activity", upload)] * 12,
        ("login", {"email": "nobody@acme.example", "password": "guess"}),
        ("login-check", {"id": seat.account.id, "token": seat.account.token}),
        ("work-session/create", {**whose, "session_start": now}),
        ("work-session/stop", {**whose, "session_id": 2**40, "session_end": now}),
        ("check-session-active", {**whose, "session_id": seat.session}),
        ("screenshot/upload", picture),
        ("tasks/get", whose),
        ("tasks/update", {**whose, "task_id": 1, "status": "DONE"}),
    ]
    native = [
        *[("POST", "/v1/sync", {**sync, "records": records[1:4]})] * 16,
        *[("POST", "/v1/sync", sync)] * 3,
        ("POST", "/v1/devices", {"email": "nobody@acme.example", "password": "guess", "name": "Laptop"}),
        ("PATCH", "/v1/tasks/1", {"status": "DONE"}),
        ("PUT", put, file.getvalue()),
    ]
    key = {"X-Company-Key": tenant.key}
    return [
        *(("POST", f"/api/{path}", body, key) for path, body in desktop),
        *((method, path, body, agent.headers) for method, path, body in native),
    ]


async def test_twenty_thousand_mutated_bodies(
    requests: list[tuple[str, str, Any, dict[str, str]]],
    api: DesktopApi,
    native_api: NativeApi,
    seat: Seat,
    agent: NativeAgent,
    fold: Fold,
    tenant: Tenant,
) -> None:
    random = Random(11)
    pending = iter([mutated(random.choice(requests), random) for _ in range(BODIES)])
    seen: Counter[tuple[str, int]] = Counter()
    failed: list[Request] = []

    async def work(choose: Callable[[str], ASGIApp]) -> None:
        for request in pending:
            status = await ask(choose(request[1]), request)
            seen[request[1].partition("?")[0], status] += 1
            if not 200 <= status < 500:
                failed.append(request)

    await asyncio.gather(*(work(lambda path: api if path.startswith("/api") else native_api) for _ in range(AT_ONCE)))
    assert not failed, failed[:3]
    assert sum(seen.values()) == BODIES
    assert seen["/v1/sync", 200] > 1_000
    assert seen["/api/upload/employee-activity", 200] > 1_000
    await fold(tenant)
    assert await seat.is_heard()
    assert (await agent.sync(datetime.now(UTC))).status_code == 200
