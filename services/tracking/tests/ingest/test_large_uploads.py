"""Large uploads and screenshots: the sender is authenticated first, and other calls do not wait."""

import asyncio
import base64
import gc
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from servicekit.errors import InvalidInput, NotAuthenticated, RateLimited, Unavailable
from servicekit.ids import new_id
from services.tracking.tests.fixtures.gateway import Seat, Sit
from services.tracking.tests.fixtures.platform import ChangeAccess, NewTenant, ReadRows
from tracker_client import stamp
from tracking.gateway.api.context import Gateway
from tracking.ingest.api import large_uploads
from tracking.ingest.api.desktop import MAX_UPLOAD_BYTES
from tracking.ingest.api.large_upload_worker import PART_ROWS
from tracking.ingest.api.large_uploads import MAX_BRACES, REFUSED_SECONDS, find_token
from tracking.ingest.messages.large_uploads import MAX_ROWS
from tracking.protocols import large_bodies
from tracking.protocols.large_bodies import SMALL_BODY, START, BodyAdmission
from tracking.screenshots.api.photos import decode_in_slices, split_photo

UPLOAD = "upload/employee-activity"
MAX_BLOCK = 0.02  # seconds of CPU that others may have to wait for


class Blocks:
    """The longest CPU time during which this event loop served no other call.

    `clock` counts the time of this thread, or that of all, one of which may have held the interpreter.
    """

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self.longest = 0.0
        self._clock = clock
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before = self._clock()
            await asyncio.sleep(0)
            self.longest = max(self.longest, self._clock() - before)

    async def end(self) -> float:
        self._watching.cancel()
        await asyncio.wait([self._watching])
        return self.longest


@pytest.fixture
async def blocks() -> AsyncIterator[Blocks]:
    gc.collect()
    gc.freeze()  # as the gateway does: else one collection walks through all that the test run has made
    watch = Blocks()
    yield watch
    await watch.end()
    gc.unfreeze()


@pytest.fixture
async def seat(new_tenant: NewTenant, sit: Sit) -> Seat:
    return await sit(await new_tenant())


def days_of_rows(number: int) -> list[dict[str, Any]]:
    start = datetime.now(UTC) + timedelta(seconds=1)  # after the log-in, which is a moment old
    return [
        {"app_name": f"App {n % 50}", "window_title": f"Title {n}", "active_seconds": 1, "created_at": stamp(start)}
        for n in range(number)
    ]


def in_pieces(data: bytes) -> Callable[[], AsyncIterator[bytes]]:
    async def send() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 64 * 1024):
            yield data[start : start + 64 * 1024]

    return send


async def test_an_outage_is_taken_once(seat: Seat, stored: ReadRows) -> None:
    rows = days_of_rows(2 * PART_ROWS + 10)
    ticks = [{"minute_type": "ACTIVE", "duration_seconds": 1, "created_at": stamp(datetime.now(UTC))}]
    for _ in range(2):
        reply = await seat.upload(applications=rows, websites=[{"domain": 7}], activities=ticks)
        assert reply.ok, reply.body
        assert reply.fields["message"] == f"{len(rows) + 2} rows stored, 1 of them not counted"
    assert len(await stored("usage_record", seat.company_id)) == len(rows)
    assert len(await stored("quarantine", seat.company_id)) == 1


async def test_both_ways_give_a_row_the_same_identity(seat: Seat, stored: ReadRows) -> None:
    rows = days_of_rows(600)
    odd = [{"app_name": "x" * 1000, "active_seconds": "9", "created_at": stamp(datetime.now(UTC))}] * 3
    for start in range(0, 600, 100):
        assert (await seat.upload(applications=rows[start : start + 100], websites=[], activities=[])).ok
    assert (await seat.upload(applications=odd, websites=[], activities=[])).ok
    before = {row["record_id"] for row in await stored("usage_record", seat.company_id)}
    assert (await seat.upload(applications=[*rows, *odd], websites=[], activities=[])).ok
    assert {row["record_id"] for row in await stored("usage_record", seat.company_id)} == before


async def test_a_stranger_is_refused_before_the_rows(
    seat: Seat, gateway_client: httpx.AsyncClient, blocks: Blocks
) -> None:
    start = json.dumps(seat.body() | {"active_token": "wrong"})[:-1].encode() + b', "activities": ['
    sent = 0

    async def rows() -> AsyncIterator[bytes]:
        nonlocal sent
        yield start
        while sent < MAX_UPLOAD_BYTES - 128 * 1024:
            sent += 64 * 1024
            yield b"{}," * (64 * 1024 // 3)

    reply = await gateway_client.post(f"/api/{UPLOAD}", content=rows(), headers={"x-company-key": seat.key})
    assert (reply.status_code, reply.json()["status"]) == (401, False)
    assert sent <= START + 128 * 1024
    assert await blocks.end() < MAX_BLOCK


@pytest.mark.parametrize("row", [b"{},", b"{  },", b'{"{": 1},'])
async def test_more_rows_than_a_desktop_can_hold(
    seat: Seat, gateway_client: httpx.AsyncClient, blocks: Blocks, row: bytes
) -> None:
    body = json.dumps(seat.body())[:-1].encode() + b', "activities": [' + row * MAX_ROWS + b"{}]}"
    reply = await gateway_client.post(f"/api/{UPLOAD}", content=in_pieces(body)(), headers={"x-company-key": seat.key})
    assert (reply.status_code, reply.json()["status"]) == (413, False)
    assert await blocks.end() < MAX_BLOCK
    assert await seat.is_heard()


async def test_more_braces_than_rows_can_have_are_refused_as_they_arrive(
    seat: Seat, gateway_client: httpx.AsyncClient, blocks: Blocks
) -> None:
    start = json.dumps(seat.body())[:-1].encode() + b', "activities": ['
    sent = 0

    async def rows() -> AsyncIterator[bytes]:
        nonlocal sent
        yield start
        while sent < MAX_UPLOAD_BYTES - 128 * 1024:
            sent += 3 * (64 * 1024 // 3)
            yield b"{}," * (64 * 1024 // 3)

    reply = await gateway_client.post(f"/api/{UPLOAD}", content=rows(), headers={"x-company-key": seat.key})
    assert (reply.status_code, reply.json()["status"]) == (413, False)
    assert sent <= 3 * MAX_BRACES + 1024 * 1024
    assert await blocks.end() < MAX_BLOCK


async def test_titles_may_contain_braces(seat: Seat, gateway_client: httpx.AsyncClient, stored: ReadRows) -> None:
    rows = [row | {"app_name": "{{ name }} {% if {} %}" * 3} for row in days_of_rows(3_000)]
    body = json.dumps(seat.body(applications=rows)).encode()
    reply = await gateway_client.post(f"/api/{UPLOAD}", content=in_pieces(body)(), headers={"x-company-key": seat.key})
    assert reply.status_code == 200, reply.text
    assert len(await stored("usage_record", seat.company_id)) == 3_000


async def test_a_refused_device_waits_before_its_next_large_upload(
    seat: Seat, gateway_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = json.dumps(seat.body())[:-1].encode()
    refused = start + b', "activities": 7, "padding": "' + b"x" * SMALL_BODY + b'"}'
    valid = json.dumps(seat.body(applications=days_of_rows(3_000))).encode()

    async def send(body: bytes) -> httpx.Response:
        content = in_pieces(body)()
        return await gateway_client.post(f"/api/{UPLOAD}", content=content, headers={"x-company-key": seat.key})

    assert (await send(refused)).status_code == 400
    reply = await send(valid)
    assert reply.status_code == 429, reply.text
    assert 0 < int(reply.headers["retry-after"]) <= REFUSED_SECONDS
    assert await seat.is_heard(), "small uploads are not held up"
    loop = asyncio.get_running_loop()
    clock = loop.time
    monkeypatch.setattr(loop, "time", lambda: clock() + REFUSED_SECONDS)
    assert (await send(valid)).status_code == 200


@pytest.mark.parametrize("number", [80_000, 20_000])
async def test_nobody_waits_for_odd_rows(
    seat: Seat, gateway_client: httpx.AsyncClient, blocks: Blocks, stored: ReadRows, number: int
) -> None:
    """Of `number` empty rows: under and over what is decoded in the gateway's own process."""
    body = json.dumps(seat.body())[:-1].encode() + b', "activities": [' + b"{}," * number + b"{}]}"
    reply = await gateway_client.post(f"/api/{UPLOAD}", content=in_pieces(body)(), headers={"x-company-key": seat.key})
    assert (reply.status_code, reply.json()["message"]) == (
        200,
        f"{number + 1} rows stored, {number + 1} of them not counted",
    )
    assert await blocks.end() < MAX_BLOCK
    assert len(await stored("quarantine", seat.company_id)) == number + 1


@pytest.mark.parametrize(
    "end",
    [
        b"{}",
        b'[{"app_name": ',
        b"[" * 100_000,
        b"[1e400, NaN]",
        b'[], "active_token": "another"',
        b'[], "work_session_id": 0',
        b"7",
    ],
)
async def test_what_is_no_upload_is_refused(seat: Seat, gateway_client: httpx.AsyncClient, end: bytes) -> None:
    rows = json.dumps(days_of_rows(3_000)).encode()
    body = json.dumps(seat.body())[:-1].encode() + b', "applications": ' + rows + b', "websites": ' + end + b"}"
    reply = await gateway_client.post(f"/api/{UPLOAD}", content=in_pieces(body)(), headers={"x-company-key": seat.key})
    assert reply.status_code in (200, 400) if end == b"[1e400, NaN]" else reply.status_code == 400, reply.text
    assert await seat.is_heard()


async def test_a_company_suspended_while_the_rows_arrive(
    seat: Seat, gateway_client: httpx.AsyncClient, suspend: ChangeAccess, stored: ReadRows
) -> None:
    body = json.dumps(seat.body(applications=days_of_rows(3_000))).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[: SMALL_BODY + 1]
        await suspend(seat)
        yield body[SMALL_BODY + 1 :]

    reply = await gateway_client.post(f"/api/{UPLOAD}", content=slowly(), headers={"x-company-key": seat.key})
    assert (reply.status_code, reply.json()["message"]) == (403, "Company subscription is suspended")
    assert await stored("usage_record", seat.company_id) == []


async def test_a_refusal_before_a_large_body_ends_the_connection(
    seat: Seat, gateway_client: httpx.AsyncClient, suspend: ChangeAccess
) -> None:
    """The server would read the rest of the body only to discard it."""
    await suspend(seat)
    headers = {"x-company-key": seat.key}
    small = await gateway_client.post(f"/api/{UPLOAD}", content=bytes(1024), headers=headers)
    assert (small.status_code, small.headers.get("connection")) == (403, None)
    large = await gateway_client.post(f"/api/{UPLOAD}", content=bytes(4 * SMALL_BODY), headers=headers)
    assert (large.status_code, large.headers.get("connection")) == (403, "close")
    endless = await gateway_client.post(f"/api/{UPLOAD}", content=in_pieces(bytes(1024))(), headers=headers)
    assert (endless.status_code, endless.headers.get("connection")) == (403, "close"), "its length is not known"


async def test_a_small_body_is_decided_on_again(
    seat: Seat, gateway_client: httpx.AsyncClient, suspend: ChangeAccess
) -> None:
    body = json.dumps(seat.body()).encode()
    suspended = False

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal suspended
        yield body[:10]
        if not suspended:
            suspended = True
            await suspend(seat)
        yield body[10:]

    for path in ("login", "tasks/get", UPLOAD):
        reply = await gateway_client.post(f"/api/{path}", content=slowly(), headers={"x-company-key": seat.key})
        assert (reply.status_code, reply.json()["message"]) == (403, "Company subscription is suspended")


async def test_the_process_comes_back(seat: Seat, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = days_of_rows(1_000)
    assert (await seat.upload(applications=rows, websites=[], activities=[])).ok
    process = gateway.large_uploads._process
    assert process is not None
    process.kill()
    await process.wait()
    assert (await seat.upload(applications=rows, websites=[], activities=[])).code == 503
    assert (await seat.upload(applications=rows, websites=[], activities=[])).ok
    monkeypatch.setattr(large_uploads, "MAX_READING", 0.0)
    assert (await seat.upload(applications=rows, websites=[], activities=[])).code == 503
    monkeypatch.undo()
    assert (await seat.upload(applications=rows, websites=[], activities=[])).ok


async def test_a_large_screenshot_blocks_nobody(
    seat: Seat, gateway_client: httpx.AsyncClient, stored: ReadRows
) -> None:
    picture = random.Random(1).randbytes(6 * 1024**2)
    ids = seat.body(capture_time=stamp(datetime.now(UTC)))
    token = ids.pop("active_token")
    body = json.dumps({**ids, "photo": base64.b64encode(picture).decode(), "active_token": token}).encode()
    blocks = Blocks(time.thread_time)  # hashing in a thread, which is meant, does not hold the interpreter
    reply = await gateway_client.post(
        "/api/screenshot/upload", content=in_pieces(body)(), headers={"x-company-key": seat.key}
    )
    assert (reply.status_code, reply.json()["status"]) == (200, True)
    assert reply.json()["message"].startswith("Not counted")
    assert await blocks.end() < MAX_BLOCK
    [row] = await stored("quarantine", seat.company_id)
    assert f"{len(picture)} bytes" in row["payload"]


@pytest.mark.parametrize("prefix", [b"", b"data:image/png;base64,"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 600_000])
def test_slices_decode_to_the_same(prefix: bytes, size: int) -> None:
    data = random.Random(size).randbytes(size)
    encoded = base64.encodebytes(data).replace(b"/", rb"\/")
    assert decode_in_slices(memoryview(prefix + encoded)) == data


@pytest.mark.parametrize("photo", [b"a", b"abcde", "ä".encode()])
def test_what_is_no_base64_is_nothing(photo: bytes) -> None:
    assert decode_in_slices(memoryview(photo)) == b""


def test_a_photo_is_cut_out() -> None:
    fields, photo = split_photo([b'{"work_session_id": 1, "photo" :', b' "QUJD", "active_token": "t"}'])
    assert (fields, bytes(photo)) == ({"work_session_id": 1, "photo": "", "active_token": "t"}, b"QUJD")
    for body in (
        b"{}",
        b'{"photo": "QUJD',
        b'{"photo": 7}',
        b'{"photo": "QUJD"',
        b'{"photo": "", "x": "' + b"y" * SMALL_BODY,
    ):
        with pytest.raises(InvalidInput):
            split_photo([body])


def test_a_token_is_found_before_the_rows() -> None:
    assert find_token(b'{"employee_id": 1, "active_token" :\n "abc", "applications": [') == "abc"
    assert find_token(json.dumps({"title": '"active_token": "x"', "active_token": "abc"}).encode()) == "abc"
    for start in (b"{}", b'{"active_token": 7}', b'{"active_token": "', b'{"active_token": ""', b'{"active_token"'):
        with pytest.raises(NotAuthenticated):
            find_token(start)


async def test_room_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_bodies, "MAX_ADMISSION_SECONDS", 0.01)
    monkeypatch.setattr(large_bodies, "MAX_HELD_BYTES", 100)
    monkeypatch.setattr(large_bodies, "MAX_HELD_BYTES_PER_COMPANY", 60)
    room, one, other = BodyAdmission(), new_id(), new_id()
    async with room.of(one, 50):
        with pytest.raises(RateLimited):
            await room.of(one, 20).__aenter__()
        async with room.of(other, 40):
            with pytest.raises(Unavailable):
                await room.of(new_id(), 20).__aenter__()
    async with room.of(other, 99):
        pass


async def test_a_body_waits_for_room() -> None:
    room, one = BodyAdmission(), new_id()
    entered = asyncio.Event()

    async def second() -> None:
        async with room.of(one, large_bodies.MAX_HELD_BYTES_PER_COMPANY):
            entered.set()

    async with room.of(one, large_bodies.MAX_HELD_BYTES_PER_COMPANY):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert not entered.is_set()
    await waiting
    assert entered.is_set()


def test_limits_hold_each_other() -> None:
    assert MAX_UPLOAD_BYTES // 80 <= MAX_ROWS
    assert MAX_UPLOAD_BYTES <= large_bodies.MAX_HELD_BYTES_PER_COMPANY
