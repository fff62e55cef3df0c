"""uvicorn's HTTP protocol with limits that apply before the caller is known; uvicorn itself has none.

All bytes outside of the body are counted: heads, trailers, chunk sizes and their extensions. A request that two parsers
could read differently is refused with 400, and its connection is closed.
"""

import asyncio
import re
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from servicekit.malformed import malformed

MAX_HEAD_BYTES = 32 * 1024
HEAD_DEADLINE_SECONDS = 10.0
MAX_HEADER_FIELDS = 100
MAX_FRAMING_BYTES = 32 * 1024  # chunk sizes, extensions and trailers, in addition to as many bytes as the body has
MAX_PIPELINED_REQUESTS = 32  # requests that wait for the response to an earlier one

UNREPEATABLE_FIELDS = frozenset(
    (b"host", b"authorization", b"content-length", b"transfer-encoding", b"content-type", b"origin")
)
_HOST = re.compile(rb"[A-Za-z0-9._~%-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class Malformed(ValueError):
    """The request is refused with 400. The message is one of a few fixed reasons."""


class BoundedHeadProtocol(HttpToolsProtocol):
    """Closes connections whose requests are too large, too slow or ambiguous."""

    unrepeatable_fields: ClassVar[frozenset[bytes]] = UNREPEATABLE_FIELDS  # fields that may not be repeated
    head_size: int | None = None  # bytes of the head that is arriving; None while no head is
    _deadline: asyncio.TimerHandle | None = None  # for a first head, or one that arrives in several pieces
    _piece = 0  # bytes that the parser is reading now
    _body_size = 0  # of the arriving request
    _framing = 0  # bytes of the arriving request that are neither head nor body
    _has_begun = False  # whether a request begins in the bytes that the parser is reading now
    _reason = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        self.on_request_begin()
        super().on_message_begin()

    def on_request_begin(self) -> None:
        """Must be called first for each request. Raises ValueError, which leads to a 400."""
        if len(self.pipeline) >= MAX_PIPELINED_REQUESTS:
            raise self._malformed("too many requests at once")
        self.head_size = self._body_size = self._framing = 0
        self._has_begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_size is None:
            raise self._malformed("trailers are not supported")  # they would be added to the head
        headers = self.headers
        if len(headers) >= MAX_HEADER_FIELDS:
            raise self._malformed("too many header fields")
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._piece, before = len(data), self._body_size
        self._has_begun = self.head_size is not None
        super().data_received(data)
        if self.head_size is not None:  # otherwise the rest of the data was body, or no request is arriving
            self.head_size += len(data)
            if self.head_size > MAX_HEAD_BYTES:
                self._end("the head is too large")
        elif not self._has_begun:  # otherwise the framing is at most one piece
            self._framing += len(data) - (self._body_size - before)
            if self._framing > MAX_FRAMING_BYTES + self._body_size:
                self._end("too much framing around the body")
        if self.head_size is not None or not self.cycle or self.cycle.response_complete:  # type: ignore[truthy-bool]
            self._await_head()

    def send_400_response(self, msg: str) -> None:
        self.note_malformed()
        if getattr(self.cycle, "response_started", False) and not self.cycle.response_complete:
            self.transport.close()  # the client would read a 400 as part of the response that has begun
        else:
            super().send_400_response(self._reason or msg)

    def note_malformed(self) -> None:
        """Logs the reason of the refusal, at a limited rate."""
        malformed.note(self._reason or "not HTTP", self.client[0] if self.client else "")

    def on_head_complete(self) -> None:
        """Must be called first for each complete head."""
        self.head_size = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def check_head(self) -> None:
        """Raises ValueError, which leads to a 400, if the head is too large or ambiguous."""
        headers = self.headers
        if self._piece + (self.head_size or 0) > MAX_HEAD_BYTES:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in headers)
            if size > MAX_HEAD_BYTES:
                raise self._malformed("the head is too large")
        fields = dict(headers)
        if len(fields) != len(headers):
            names = [name for name, _ in headers]
            if any(name in self.unrepeatable_fields and names.count(name) > 1 for name in fields):
                raise self._malformed("a header field is repeated")
        host = fields.get(b"host")
        if host is None:
            if self.parser.get_http_version() != "1.0":
                raise self._malformed("the Host field is missing")
        elif not _HOST.fullmatch(host):
            raise self._malformed("the Host field is invalid")
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (
            coding.strip().lower() != b"chunked"
            or b"content-length" in fields
            or self.parser.get_http_version() == "1.0"
        ):
            raise self._malformed("the length of the body is ambiguous")
        if self.parser.should_upgrade() and (coding is not None or b"content-length" in fields):
            raise self._malformed("an upgrade with a body")

    def on_headers_complete(self) -> None:
        self.check_head()
        self.begin_request()

    def begin_request(self) -> None:
        """Passes a checked head to the server."""
        self.on_head_complete()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_DEADLINE_SECONDS, self.transport.abort)

    def _malformed(self, reason: str) -> Malformed:
        self._reason = reason
        return Malformed(reason)

    def _end(self, reason: str) -> None:
        self._reason = reason
        self.note_malformed()
        self.transport.abort()
