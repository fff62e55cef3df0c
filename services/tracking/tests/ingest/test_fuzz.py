"""Random upload bodies never cause a 5xx, and the next valid upload is accepted."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tracking.tests.fixtures.gateway import Seat, gateway_now
from services.tracking.tests.fixtures.platform import Tenant
from tracker_client import stamp

PATH = "/api/upload/employee-activity"
FIELDS = [
    "app_name",
    "window_title",
    "active_seconds",
    "created_at",
    "domain",
    "url",
    "minute_type",
    "duration_seconds",
]

numbers = st.integers() | st.integers(-(10**40), 10**40) | st.floats()
texts = st.text() | st.sampled_from(["ACTIVE", "INACTIVE", "\x00", "\ud83d", "NaN", "0", ""])
times = st.datetimes().map(str) | st.just("now")
leaves = st.none() | st.booleans() | numbers | texts | times
wild = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)
rows = wild | st.dictionaries(st.sampled_from(FIELDS), wild, max_size=len(FIELDS))
lists = st.lists(rows, max_size=4) | wild
bodies = st.fixed_dictionaries(
    {}, optional={"applications": lists, "websites": lists, "activities": lists, "employee_id": wild, "x": wild}
)


def written(body: Any, *, ascii_only: bool) -> bytes:
    now = stamp(gateway_now())
    text = json.dumps(body, ensure_ascii=ascii_only).replace('"now"', f'"{now}"')
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def post(gateway_client: httpx.AsyncClient, tenant: Tenant) -> Callable[[bytes], Awaitable[int]]:
    """`await post(content)` is the status of the answer, which is an object with a boolean `status`."""

    async def post(content: bytes) -> int:
        reply = await gateway_client.post(PATH, content=content, headers={"X-Company-Key": tenant.key})
        assert type(reply.json()["status"]) is bool
        assert reply.json()["message"]
        return reply.status_code

    return post


@given(body=bodies, ascii_only=st.booleans())
@settings(max_examples=400)
async def test_rows_of_any_content_are_taken(
    post: Callable[[bytes], Awaitable[int]], seat: Seat, body: dict[str, Any], ascii_only: bool
) -> None:
    code = await post(written(body | seat.body(), ascii_only=ascii_only))
    are_lists = all(isinstance(body.get(name), list | None) for name in ("applications", "websites", "activities"))
    assert code == (200 if are_lists else 400)


@given(body=bodies, changes=st.dictionaries(st.sampled_from(["active_token", "work_session_id"]), wild))
@settings(max_examples=100)
async def test_wrong_ids_and_tokens_are_refused(
    post: Callable[[bytes], Awaitable[int]], seat: Seat, body: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert await post(written(seat.body() | body | changes, ascii_only=True)) in (200, 400, 401, 404)


@given(body=bodies, cut=st.integers(0, 400), noise=st.binary(max_size=20))
@settings(max_examples=150)
async def test_broken_bytes_are_refused(
    post: Callable[[bytes], Awaitable[int]], seat: Seat, body: dict[str, Any], cut: int, noise: bytes
) -> None:
    content = written(body | seat.body(), ascii_only=False)
    assert await post(content[:cut] + noise + content[cut:]) in (200, 400, 401, 404)
    assert await post(content[:cut] + noise) in (200, 400, 401, 404)


async def test_an_honest_upload_is_still_taken(seat: Seat) -> None:
    assert await seat.is_heard()
