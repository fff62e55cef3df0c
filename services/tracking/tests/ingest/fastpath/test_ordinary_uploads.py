"""The fast path through a real socket: it responds as the fallback would, or hands the request over to it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from services.tracking.tests.fixtures.gateway import Seat
from services.tracking.tests.fixtures.platform import ReadRows
from services.tracking.tests.ingest.fastpath.conftest import PATH, Counted, answer, row
from tracking.ingest.fastpath.api import protocol
from tracking.ingest.fastpath.api.ordinary_uploads import FastPath
from tracking.ingest.fastpath.api.protocol import UploadProtocol
from tracking.ingest.rules.rows import MAX_DETAIL
from tracking.ingest.use_cases import group_commit


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("plain", "plain"),
        ("a\x7fb", "ab"),
        ("a\x1bb\tc", "abc"),
        ("zero\0", "zero"),
        ("back\\slash", "back\\slash"),
        ("Schlüssel – 鍵", "Schlüssel – 鍵"),
        ("x" * 3000, "x" * MAX_DETAIL),
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
async def test_what_cannot_be_shown_is_taken_out(
    port: int, seat: Seat, application: Counted, stored: ReadRows, title: str, kept: str, ascii_only: bool
) -> None:
    """However the body writes it: with escapes, or as it is."""
    rows = json.dumps(seat.body(applications=[row(title)], websites=[], activities=[]), ensure_ascii=ascii_only)
    body = rows.encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\nX-Company-Key: {seat.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    code, _headers, answered = await answer(reader)
    writer.close()
    assert (code, answered["message"], application.calls) == (200, "1 rows stored", 0)
    details = {found["detail"] for found in await stored("usage_record", seat.company_id)}
    assert details == {"known", kept}


async def test_ordinary_uploads_never_reach_the_application(
    port: int, seat: Seat, request_of: Callable[..., bytes], application: Counted, stored: ReadRows
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(3):
        writer.write(request_of([row(f"{number} a"), row(f"{number} b")]))
        code, headers, body = await answer(reader)
        assert (code, body) == (200, {"status": True, "message": "2 rows stored"})
        assert headers["content-type"] == "application/json"
    writer.close()
    assert application.calls == 0
    assert len(await stored("usage_record", seat.company_id)) == 7


async def test_a_request_in_pieces_and_two_at_once(
    port: int, seat: Seat, request_of: Callable[..., bytes], application: Counted, stored: ReadRows
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = request_of([row("in pieces")])
    for start in range(0, len(whole), 100):
        writer.write(whole[start : start + 100])
        await writer.drain()
        await asyncio.sleep(0)
    assert (await answer(reader))[0] == 200
    writer.write(request_of([row("first")]) + request_of([row("second")]))
    assert [(await answer(reader))[0] for _ in range(2)] == [200, 200]
    writer.close()
    assert application.calls == 1, "what is pipelined goes the long way"
    assert len(await stored("usage_record", seat.company_id)) == 4


async def test_a_body_that_comes_slowly_is_the_applications(
    port: int, request_of: Callable[..., bytes], application: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MAX_ARRIVAL_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = request_of([row("slow")])
    writer.write(whole[:-10])
    async with asyncio.timeout(20):
        while not application.calls:  # noqa: ASYNC110 - it is called by the server
            await asyncio.sleep(0.01)
    writer.write(whole[-10:])
    assert (await answer(reader))[0] == 200
    writer.close()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_connection_that_is_to_end_ends(
    port: int, request_of: Callable[..., bytes], application: Counted, version: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("last")], version, Connection="close"))
    code, headers, _body = await answer(reader)
    assert (code, headers["connection"]) == (200, "close")
    assert await reader.read() == b""
    writer.close()
    assert application.calls == 0


@pytest.mark.parametrize(
    ("rows", "code"),
    [([row("odd", active_seconds=5.5)], 200), ([None], 200), ([row(str(n)) for n in range(3000)], 200)],
)
async def test_what_is_not_ordinary_is_answered_by_the_application(
    port: int, request_of: Callable[..., bytes], application: Counted, rows: list[Any], code: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of(rows))
    assert (await answer(reader))[0] == code
    writer.close()
    assert application.calls == 1


async def test_what_is_no_http_is_refused_in_the_protocols_words(port: int, request_of: Callable[..., bytes]) -> None:
    two_lengths = request_of([row("two lengths")], **{"content-length": "1"})
    endless = request_of([row("endless")], **{"Content-Length": "9" * 5000})
    two_keys = request_of([row("two keys")], **{"x-company-key": "another"})
    for said in (b"nonsense\r\n\r\n", two_lengths, endless, two_keys):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        code, headers, body = await answer(reader)
        assert (code, headers["content-type"], body["status"]) == (400, "application/json", False)
        assert await reader.read() == b""
        writer.close()


async def test_strangers_are_refused_as_ever(port: int, request_of: Callable[..., bytes]) -> None:
    for key in ("company_" + "0" * 32, "nonsense"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_of([row("strange")], key=key))
        code, _headers, body = await answer(reader)
        assert (code, body) == (401, {"status": False, "message": "Invalid company key"})
        writer.close()


async def test_a_row_is_the_same_row_on_either_way(
    port: int, seat: Seat, request_of: Callable[..., bytes], application: Counted, stored: ReadRows
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    same = [row("twice"), row("twice"), row("site", window_title=None), row("when", created_at=None)]
    for rows in (same, [*same, None], same):
        writer.write(request_of(rows))
        assert (await answer(reader))[0] == 200
    writer.close()
    assert application.calls == 1
    assert len(await stored("usage_record", seat.company_id)) == 1 + len(same)


async def test_a_company_beyond_its_share_is_told_to_wait(
    port: int, request_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_UPLOADS", 0)
    monkeypatch.setattr(group_commit, "MIN_UPLOADS_PER_COMPANY", 0)
    monkeypatch.setattr(protocol, "REFUSAL_DELAY", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("too many")]))
    code, headers, body = await answer(reader)
    assert (code, headers["retry-after"], body["status"]) == (429, "1", False)
    monkeypatch.undo()
    writer.write(request_of([row("later")]))
    assert (await answer(reader))[0] == 200
    writer.close()


async def test_a_company_beyond_its_share_that_sends_slowly_is_told_so_too(
    port: int, request_of: Callable[..., bytes], application: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_UPLOADS", 0)
    monkeypatch.setattr(group_commit, "MIN_UPLOADS_PER_COMPANY", 0)
    monkeypatch.setattr(protocol, "MAX_ARRIVAL_SECONDS", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("too many")])[:-10])
    code, headers, body = await answer(reader)
    assert (code, headers["retry-after"], body["status"]) == (429, "1", False)
    assert await reader.read() == b"", "what is left of the request is not taken for another"
    writer.close()
    assert application.calls == 0


@pytest.mark.parametrize("depth", [900, 2000, 20_000])
async def test_what_is_nested_too_deep_is_refused_in_the_protocols_words(
    port: int, request_of: Callable[..., bytes], depth: int
) -> None:
    whole = request_of([row("deep")])
    head, _, body = whole.partition(b"\r\n\r\n")
    deep = body[:-1] + b',"more":' + b"[" * depth + b"]" * depth + b"}"
    head = head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % len(deep))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"\r\n\r\n" + deep)
    code, headers, answered = await answer(reader)
    assert headers["content-type"].startswith("application/json")
    assert (code == 200) == answered["status"]
    writer.close()
    assert code in (200, 400)


async def test_a_fault_of_the_short_way_is_the_applications_to_answer(
    port: int, request_of: Callable[..., bytes], application: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(FastPath, "take", fail)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("unlucky")]))
    assert (await answer(reader))[0] == 200
    writer.close()
    assert application.calls == 1


async def test_who_goes_away_costs_nothing(port: int, request_of: Callable[..., bytes], application: Counted) -> None:
    whole = request_of([row("gone")])
    for cut in (len(whole) - 5, len(whole)):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(whole[:cut])
        await writer.drain()
        writer.transport.abort()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("here")]))
    assert (await answer(reader))[0] == 200
    writer.close()
    assert application.calls == 0


async def test_a_connection_rests_as_long_as_it_may(
    port: int, request_of: Callable[..., bytes], connections: list[UploadProtocol]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(request_of([row("again and again")]))
        assert (await answer(reader))[0] == 200
    (connection,) = connections
    connection.timeout_keep_alive_handler()  # as of the first
    assert connection.timeout_keep_alive_task is not None, "the time since the second is not over"
    whole = request_of([row("arriving")])
    writer.write(whole[:-10])
    async with asyncio.timeout(20):
        while connection.cycle.response_complete:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    connection._answered_at -= connection.timeout_keep_alive
    connection.timeout_keep_alive_handler()
    writer.write(whole[-10:])
    assert (await answer(reader))[0] == 200, "a request is under way"
    assert connection.timeout_keep_alive_task is not None
    connection._answered_at -= connection.timeout_keep_alive
    connection.timeout_keep_alive_handler()
    assert await reader.read() == b""
    writer.close()
