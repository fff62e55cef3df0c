"""Requests and answers as bytes, for the gateway's applications that are plain ASGI."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from starlette.types import Message, Receive, Send

from servicekit.errors import TooLarge

LINGER, LINGER_BYTES = 0.5, 64 * 1024  # seconds; more than that is nobody's honest request

Headers = Sequence[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The connection ended before the request did."""


class TooSlow(Exception):
    """The body did not arrive in time."""


class Inbound:
    """What arrives of a request; `complete` once nothing more will."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.complete = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self.complete = not message.get("more_body")  # also when the client is gone
        return message


async def read_body(receive: Receive, declared: bytes | None, *, limit: int, deadline: float) -> bytes:
    """The whole body. TooLarge as soon as it is known to be; no more than `limit` bytes are ever held.

    `declared`: its length, if the head has one. TooSlow: it did not arrive within `deadline` seconds.
    """
    if declared and (not declared.isdigit() or int(declared) > limit):
        raise TooLarge(f"a request to this path may have at most {limit} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(deadline):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit:
                    raise TooLarge(f"a request to this path may have at most {limit} bytes")
                if not message.get("more_body"):
                    return b"".join(chunks)
    except TimeoutError:
        raise TooSlow(f"the request did not arrive within {deadline:.0f} seconds") from None


async def answer(receive: Inbound, send: Send, code: int, headers: Headers, body: bytes) -> None:
    """Sends one answer; a refusal that may have come before the body was read ends the connection."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    closes = code in (400, 401, 413)  # the body may still be on its way, unread
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": closes})
    if closes:
        if not receive.complete:
            await _linger(receive)
        await send({"type": "http.response.body", "body": b""})


async def _linger(receive: Inbound) -> None:
    """Reads on for a moment: a connection that is closed with unread data is reset, and the answer may get lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            seen = 0
            while not receive.complete and seen < LINGER_BYTES:
                seen += len((await receive()).get("body", b""))
