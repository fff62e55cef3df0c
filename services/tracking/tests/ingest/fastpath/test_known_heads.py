"""Known heads: uploads under cached heads get the same responses as under unknown heads."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tracking.tests.fixtures.gateway import Seat
from services.tracking.tests.fixtures.platform import ReadRows
from services.tracking.tests.ingest.fastpath.conftest import PATH, Counted, answer, row
from tracking.ingest.fastpath.api.protocol import UploadProtocol


async def test_a_head_is_parsed_once(
    port: int,
    seat: Seat,
    request_of: Callable[..., bytes],
    parsed: list[bytes],
    application: Counted,
    stored: ReadRows,
    connections: list[UploadProtocol],
) -> None:
    """Whatever length it says, on whatever connection."""
    for connection in ("a", "another"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(3):
            writer.write(request_of([row(f"{connection} {number}")]))
            code, headers, body = await answer(reader)
            assert (code, body) == (200, {"status": True, "message": "1 rows stored"})
            assert headers["content-type"] == "application/json"
        writer.close()
    assert (len(parsed), application.calls) == (1, 0)
    assert [connection._deadline for connection in connections] == [None, None], "nobody waits for a head"
    assert len(await stored("usage_record", seat.company_id)) == 1 + 6


async def test_what_follows_a_known_head_need_not_be_ordinary(
    port: int, request_of: Callable[..., bytes], application: Counted, stored: ReadRows, seat: Seat
) -> None:
    """The response is the same as under an unknown head."""
    ordinary = request_of([row("known, as it is")])
    known, body = ordinary[: -len(ordinary.partition(b"\r\n\r\n")[2])], ordinary.partition(b"\r\n\r\n")[2]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ordinary)
    assert (await answer(reader))[0] == 200
    writer.close()
    odd = body.replace(b'"active_seconds": 5', b'"active_seconds":5.')  # which is no JSON
    strange = body.replace(seat.account.token.encode(), b"x" * len(seat.account.token))
    for content, code in ((odd, 400), (strange, 401)):
        assert (len(content), content != body) == (len(body), True)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(known + content)
        assert (await answer(reader))[0] == code
        writer.close()
    assert application.calls == 2
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(known + body[:-1])
    await writer.drain()
    await asyncio.sleep(0)
    writer.write(body[-1:] + ordinary + b"\r\n" + ordinary)  # an empty line before a request is allowed
    assert [(await answer(reader))[0] for _ in range(3)] == [200] * 3
    writer.close()
    assert len(await stored("usage_record", seat.company_id)) == 1 + 1, "the same row each time"


async def test_a_head_says_how_long_the_body_is(port: int, request_of: Callable[..., bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ordinary = request_of([row("as long as it says")])
    writer.write(ordinary)
    assert (await answer(reader))[0] == 200
    length = len(ordinary.partition(b"\r\n\r\n")[2])
    longer = ordinary.replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length + 2))
    writer.write(longer)
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(b"  " + ordinary)
    assert [(await answer(reader))[0] for _ in range(2)] == [200, 200]
    shorter = ordinary.replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length - 2))
    writer.write(shorter)
    code, _headers, body = await answer(reader)
    assert (code, body["status"]) == (400, False)
    assert await reader.read() == b"", "nobody knows where the next request would begin"
    writer.close()


async def test_what_a_head_says_after_the_length_counts(
    port: int, seat: Seat, request_of: Callable[..., bytes]
) -> None:
    ordinary = request_of([row("with the key after the length")])
    head, _, body = ordinary.partition(b"\r\n\r\n")
    key = f"X-Company-Key: {seat.key}\r\n".encode()
    for said, code, closes in (
        (key, 200, False),
        (key, 200, False),
        (key.replace(seat.key.encode(), b"company_" + b"0" * 32), 401, True),
        (key + b"Connection: close\r\n", 200, True),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.replace(key, b"") + b"\r\n" + said + b"\r\n" + body)
        answered = await answer(reader)
        assert (answered[0], answered[1].get("connection") == "close") == (code, closes)
        writer.close()


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\nX-Company-Key: KEY\r\nContent-Length: LENGTH\r\n\r\n{{", 400),
        ("GET / HTTP/1.1\r\nX-Said: ", 200),
    ],
    ids=["in a body", "in a header"],
)
async def test_what_looks_familiar_inside_of_a_request_is_part_of_it(
    port: int, seat: Seat, request_of: Callable[..., bytes], stored: ReadRows, before: str, code: int
) -> None:
    """Even if it comes in a piece of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("first")]))
    assert (await answer(reader))[0] == 200
    hidden = request_of([row("other")])
    for piece in (before.replace("KEY", seat.key).replace("LENGTH", str(len(hidden) + 1)).encode(), hidden):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05)
    answered = await answer(reader)
    assert (answered[0], "rows stored" in answered[2]["message"]) == (code, False)
    writer.close()
    assert len(await stored("usage_record", seat.company_id)) == 1 + 1


async def test_answers_come_in_the_order_of_the_requests(
    port: int, request_of: Callable[..., bytes], application: Counted, connections: list[UploadProtocol]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_of([row("known")]))
    assert (await answer(reader))[0] == 200
    application.may_answer.clear()
    writer.write(b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n")
    async with asyncio.timeout(20):
        while not application.calls:  # noqa: ASYNC110 - it is called by the server
            await asyncio.sleep(0.01)
        writer.write(request_of([row("ready")]))
        while not connections[0].pipeline:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    application.may_answer.set()
    messages = [(await answer(reader))[2]["message"] for _ in range(2)]
    assert messages == ["Tenantry tracking gateway", "1 rows stored"]
    writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Transfer-Encoding": "chunked"},
        {"X-Long": "x" * 2000},
        {"Connection": "close"},
    ],
)
async def test_only_plain_heads_are_known(
    port: int, request_of: Callable[..., bytes], parsed: list[bytes], headers: dict[str, str]
) -> None:
    whole = request_of([row("not plain")], **headers)
    if "Transfer-Encoding" in headers:
        head, _, body = whole.partition(b"\r\n\r\n")
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
        whole = head + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    for number in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(whole)
        assert (await answer(reader))[0] == 200
        writer.close()
        assert len(parsed) == number + 1


@given(st.data())
@settings(max_examples=15)
async def test_however_a_stream_of_uploads_is_cut(
    port: int, request_of: Callable[..., bytes], seat: Seat, stored: ReadRows, data: st.DataObject
) -> None:
    """Some with heads that are known, some pipelined: every one is answered and stored."""
    before = len(await stored("usage_record", seat.company_id))
    titles = [f"{uuid4().hex[: data.draw(st.sampled_from([8, 9]))]}" for _ in range(data.draw(st.integers(1, 5)))]
    stream = b"".join(request_of([row(title)]) for title in titles)
    places = data.draw(st.lists(st.integers(1, len(stream) - 1), max_size=6, unique=True).map(sorted))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for start, end in pairwise([0, *places, len(stream)]):
        writer.write(stream[start:end])
        await writer.drain()
        await asyncio.sleep(data.draw(st.sampled_from([0, 0.002])))
    assert [(await answer(reader))[0] for _ in titles] == [200] * len(titles)
    writer.close()
    assert len(await stored("usage_record", seat.company_id)) == before + len(titles)
