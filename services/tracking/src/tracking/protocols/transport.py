"""Requests and responses as bytes, for the gateway's plain ASGI applications."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from starlette.types import Message, Receive, Send

from servicekit.errors import TooLarge

LINGER, LINGER_BYTES = 0.5, 64 * 1024  # seconds and bytes; no valid request exceeds them
MAX_LENGTH_DIGITS = 18  # of a Content-Length; Python needs quadratic time for very long numbers

Headers = Sequence[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The connection ended before the request did."""


class TooSlow(Exception):
    """The body did not arrive in time."""


class Inbound:
    """An ASGI `receive` that sets `complete` once nothing more will arrive."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self._headers = headers
        self.complete = False

    @property
    def leaves_much(self) -> bool:
        """Whether more may still arrive than is worth reading to keep the connection."""
        if self.complete:
            return False
        fields = dict(self._headers)
        if declared := fields.get(b"content-length"):
            return len(declared) > MAX_LENGTH_DIGITS or not declared.isdigit() or int(declared) > LINGER_BYTES
        return b"transfer-encoding" in fields

    async def __call__(self) -> Message:
        message = await self._receive()
        self.complete = not message.get("more_body")  # also when the client has disconnected
        return message


class Body:
    """The body of a request, read on demand; at most `limit` bytes of it are held."""

    def __init__(self, receive: Receive, declared: bytes | None, *, limit: int, deadline: float) -> None:
        """`declared`: its length, if the head has one. `deadline`: seconds it may take to arrive.

        TooLarge: the declared length exceeds the limit.
        """
        if declared and (not declared.isdigit() or len(declared) > MAX_LENGTH_DIGITS or int(declared) > limit):
            raise TooLarge(f"a request to this path is limited to {limit} bytes")
        self._receive = receive
        self._limit = limit
        self._seconds = deadline
        self._ends = asyncio.get_running_loop().time() + deadline
        self.expected = int(declared) if declared else limit  # the maximum, as far as is known
        self.pieces: list[bytes] = []
        self.size = 0
        self.complete = False

    def __bytes__(self) -> bytes:
        """What has arrived so far."""
        return b"".join(self.pieces)

    def start(self, size: int) -> bytes:
        """The first `size` bytes, or what has arrived of them."""
        start = b""
        for piece in self.pieces:
            start += piece[: size - len(start)]
            if len(start) == size:
                break
        return start

    async def read(self, size: int | None = None) -> None:
        """Reads until at least `size` bytes have arrived, or all of it.

        TooLarge: it exceeds the limit. TooSlow: its deadline has passed. ClientGone: the connection ended.
        """
        try:
            async with asyncio.timeout_at(self._ends):
                while not self.complete and (size is None or self.size < size):
                    await self._read_piece()
        except TimeoutError:
            raise TooSlow(f"the request did not arrive within {self._seconds:.0f} seconds") from None

    async def _read_piece(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        self.size += len(piece)
        if self.size > self._limit:
            raise TooLarge(f"a request to this path is limited to {self._limit} bytes")
        if piece:
            self.pieces.append(piece)
        self.complete = not message.get("more_body")


async def answer(receive: Inbound, send: Send, code: int, headers: Headers, body: bytes) -> None:
    """Sends one response; a refusal before the end of a large body closes the connection.

    The server would otherwise read the rest of the body, up to its limit, only to discard it.
    """
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    closes = code in (400, 401, 408, 413) or receive.leaves_much
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": closes})
    if closes:
        if not receive.complete:
            await _linger(receive)
        await send({"type": "http.response.body", "body": b""})


async def _linger(receive: Inbound) -> None:
    """Reads on briefly: closing a connection with unread data resets it, and the response could be lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            seen = 0
            while not receive.complete and seen < LINGER_BYTES:
                seen += len((await receive()).get("body", b""))
