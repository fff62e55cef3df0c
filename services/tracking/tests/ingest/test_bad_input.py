"""Requests that no tracker sends get a clear 4xx, never a 5xx, and do not affect later requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.types import Message

from services.tracking.tests.fixtures.gateway import Seat, Sit
from services.tracking.tests.fixtures.platform import Tenant
from tracking.gateway.api.desktop import DesktopApi
from tracking.gateway.api.endpoints import ENDPOINTS
from tracking.ingest.api.desktop import MAX_UPLOAD_BYTES

NOW = "2026-01-05 09:00:00"
POSTS = [path for path, endpoint in ENDPOINTS.items() if endpoint.has_body]
UPLOAD = "/api/upload/employee-activity"


@pytest.fixture
def send(gateway_client: httpx.AsyncClient, tenant: Tenant) -> Callable[..., Awaitable[tuple[int, dict[str, Any]]]]:
    """`await send(path, content)` with the tenant's key: the status, and the body, which must be an object."""

    async def send(path: str, content: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        reply = await gateway_client.post(path, content=content, headers={"X-Company-Key": tenant.key} | headers)
        body = reply.json()
        assert isinstance(body, dict)
        return reply.status_code, body

    return send


GARBAGE = {
    "nothing": b"",
    "no JSON": b"email=a&password=b",
    "truncated": b'{"active_token": "x", "work_session_id": 1, "applications": [{"app_na',
    "an array": b"[]",
    "a string": b'"login"',
    "a number": b"1",
    "null": b"null",
    "NaN": b"NaN",
    "not UTF-8": b'{"active_token": "\xff\xfe"}',
    "a lone quote": b'"',
    "a NUL": b"\x00",
    "a number of 5,000 digits": b'{"work_session_id": ' + b"9" * 5000 + b"}",
    "nested 50,000 deep": b"[" * 50_000,
    "nested and closed": b'{"applications": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "an object nested deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
async def test_no_object(send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], path: str, content: bytes) -> None:
    code, body = await send(path, content)
    assert (code, body["status"]) == (400, False)
    assert "JSON" in body["message"] or "must" in body["message"]


# path: its fields, all of which it needs
NEEDED: dict[str, dict[str, Any]] = {
    "/api/login": {"email": "a@b.example", "password": "guess"},
    "/api/login-check": {"id": 1, "token": "guess"},
    "/api/work-session/create": {"active_token": "guess", "session_start": NOW},
    "/api/work-session/stop": {"active_token": "guess", "session_id": 1, "session_end": NOW},
    "/api/check-session-active": {"active_token": "guess", "session_id": 1},
    UPLOAD: {"active_token": "guess", "work_session_id": 1},
}
BAD_TEXT: list[Any] = [None, "", 1, True, ["x"], {}, "x" * 513]
BAD_ID: list[Any] = [None, "", 0, -1, 1.5, True, "one", "-1", "1 ", "٣", 2**63, "9" * 19, "9" * 400, 10**30, [1], {}]
BAD_TIME = [*BAD_TEXT, "now", "2026-02-30 09:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "\x00"]


def bad_values(field: str) -> list[Any]:
    if field in ("session_start", "session_end"):
        return BAD_TIME
    return BAD_ID if field in ("id", "session_id", "work_session_id") else BAD_TEXT


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, fields in NEEDED.items() for field in fields])
async def test_a_field_that_is_missing_or_something_else(
    send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], seat: Seat, path: str, field: str
) -> None:
    good = NEEDED[path] | ({"active_token": seat.account.token} if "active_token" in NEEDED[path] else {})
    without = {name: value for name, value in good.items() if name != field}
    for body in (without, *(good | {field: value} for value in bad_values(field))):
        code, answer = await send(path, json.dumps(body))
        assert (code, answer["status"]) == (400, False), body
        assert answer["message"].startswith(f"{field} must be"), body


@pytest.mark.parametrize("value", [{}, "rows", 1, True, {"0": {}}])
@pytest.mark.parametrize("name", ["applications", "websites", "activities"])
async def test_rows_that_are_no_list(seat: Seat, name: str, value: Any) -> None:
    reply = await seat.upload(**{name: value})
    assert (reply.code, reply.body) == (400, {"status": False, "message": f"{name} must be a list"})


async def test_unknown_fields_and_repeated_ones_are_passed_over(
    seat: Seat, send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
) -> None:
    more = {"version": "9.9", "\x00": [None], "applications": [{"app_name": "x", "active_seconds": 1, "new": {"a": 1}}]}
    assert (await seat.upload(**more)).fields["message"] == "1 rows stored"
    twice = json.dumps(seat.body())[:-1] + ', "work_session_id": 0, "work_session_id": ' + str(seat.session) + "}"
    assert (await send(UPLOAD, twice))[0] == 200


@pytest.mark.parametrize("depth", range(900, 1001, 4))
async def test_rows_nested_as_deep_as_the_reader_goes(
    seat: Seat, send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], depth: int
) -> None:
    body = json.dumps(seat.body())[:-1] + f', "applications": [{"[" * depth}{"]" * depth}]}}'
    code, _answer = await send(UPLOAD, body)
    assert code in (200, 400)
    assert await seat.is_heard()


@pytest.mark.parametrize("path", POSTS)
async def test_a_body_too_large_is_refused_by_its_declared_length(
    send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], path: str
) -> None:
    limit = ENDPOINTS[path].largest_body
    code, body = await send(path, b"", **{"Content-Length": str(50 * 1024 * 1024)})
    assert (code, body["message"]) == (413, f"a request to this path is limited to {limit} bytes")


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "²"])
async def test_a_length_that_is_no_number(
    send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], length: str
) -> None:
    assert (await send(UPLOAD, b"{}", **{"Content-Length": length.encode()}))[0] == 413


@pytest.mark.parametrize("path", ["/api/login", UPLOAD])
async def test_a_chunked_body_too_large_is_refused_when_it_is(
    seat: Seat, send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], path: str
) -> None:
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        yield json.dumps(seat.body()).encode()
        for _ in range(50):
            taken += 1
            yield b" " * 1024 * 1024

    assert (await send(path, chunks()))[0] == 413
    assert taken <= ENDPOINTS[path].largest_body // 1024**2 + 2


async def test_the_largest_upload_is_read(
    tenant: Tenant, sit: Sit, send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
) -> None:
    body = json.dumps((await sit(tenant)).body()).encode()  # a device of its own: a refused one has to wait
    assert (await send(UPLOAD, body.ljust(MAX_UPLOAD_BYTES)))[0] == 200
    assert (await send(UPLOAD, body.ljust(MAX_UPLOAD_BYTES + 1)))[0] == 413


async def test_a_body_that_does_not_arrive_in_time(
    seat: Seat, send: Callable[..., Awaitable[tuple[int, dict[str, Any]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.gateway.api.desktop.BODY_DEADLINE", 0.02)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    code, body = await send(UPLOAD, dribble())
    assert (code, body["status"]) == (408, False)
    assert "did not arrive" in body["message"]
    assert await seat.is_heard()


async def test_a_stranger_is_answered_before_the_body_is_read(api: DesktopApi) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await api({"type": "http", "method": "POST", "path": UPLOAD, "headers": []}, receive, send)
    assert sent[0]["status"] == 401
