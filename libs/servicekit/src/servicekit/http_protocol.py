"""uvicorn's HTTP parser with limits before any key is looked at: it has none, and strangers may connect.

Every byte that is not body is counted: heads, trailers, chunk sizes and their extensions. A request that two parsers
could read in two ways is refused with 400 and ends its connection.
"""

import asyncio
import re
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from servicekit.malformed import malformed

LARGEST_HEAD = 32 * 1024
HEAD_DEADLINE = 10.0  # seconds a head may take to arrive
MAX_FIELDS = 100  # of a head
MAX_FRAMING = 32 * 1024  # bytes of a body's chunk sizes, extensions and trailers beyond as many as the body itself has
MAX_PIPELINED = 32  # requests that wait for the answer to the one before them

ONCE = frozenset((b"host", b"authorization", b"content-length", b"transfer-encoding", b"content-type", b"origin"))
_HOST = re.compile(rb"[A-Za-z0-9._~%-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


class Malformed(ValueError):
    """The request is refused with 400; the message is the reason, one of a few."""


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection whose request is larger, slower or more ambiguous than it may be."""

    once: ClassVar[frozenset[bytes]] = ONCE  # fields that a head may have once
    head_size: int | None = None  # bytes of the head that is arriving; None when none is
    _deadline: asyncio.TimerHandle | None = None  # of a first head, or of one that did not arrive at once
    _piece = 0  # bytes of the data that the parser is reading
    _body_size = 0  # of the request that is arriving
    _framing = 0  # bytes of it after its head that are not body
    _has_begun = False  # a request has, in the data that the parser is reading
    _reason = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        self.request_begins()
        super().on_message_begin()

    def request_begins(self) -> None:
        """To be called with each request, before anything else. ValueError, which is answered with 400."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise self._malformed("too many requests at once")
        self.head_size = self._body_size = self._framing = 0
        self._has_begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_size is None:
            raise self._malformed("trailers are not taken")  # they would be added to the head
        headers = self.headers
        if len(headers) >= MAX_FIELDS:
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
        if self.head_size is not None:  # else the rest of the data was body, or nothing of a request
            self.head_size += len(data)
            if self.head_size > LARGEST_HEAD:
                self._end("the head is too large")
        elif not self._has_begun:  # else it is no more than one piece
            self._framing += len(data) - (self._body_size - before)
            if self._framing > MAX_FRAMING + self._body_size:
                self._end("too much besides the body")
        if self.head_size is not None or not self.cycle or self.cycle.response_complete:  # type: ignore[truthy-bool]
            self._await_head()

    def send_400_response(self, msg: str) -> None:
        self.note_malformed()
        if getattr(self.cycle, "response_started", False) and not self.cycle.response_complete:
            self.transport.close()  # what is written now would be taken for a part of the answer that has begun
        else:
            super().send_400_response(self._reason or msg)

    def note_malformed(self) -> None:
        """Logs why the request is refused, within limits."""
        malformed.note(self._reason or "not HTTP", self.client[0] if self.client else "")

    def head_has_arrived(self) -> None:
        """To be called with each head, before anything else."""
        self.head_size = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def check_head(self) -> None:
        """ValueError, which is answered with 400: the head is too large, or could be read in two ways."""
        headers = self.headers
        if self._piece + (self.head_size or 0) > LARGEST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in headers)
            if size > LARGEST_HEAD:
                raise self._malformed("the head is too large")
        fields = dict(headers)
        if len(fields) != len(headers):
            names = [name for name, _ in headers]
            if any(name in self.once and names.count(name) > 1 for name in fields):
                raise self._malformed("a header field that may stand once stands twice")
        host = fields.get(b"host")
        if host is None:
            if self.parser.get_http_version() != "1.0":
                raise self._malformed("no Host")
        elif not _HOST.fullmatch(host):
            raise self._malformed("Host is not a host")
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (
            coding.strip().lower() != b"chunked"
            or b"content-length" in fields
            or self.parser.get_http_version() == "1.0"
        ):
            raise self._malformed("unclear where the body ends")
        if self.parser.should_upgrade() and (coding is not None or b"content-length" in fields):
            raise self._malformed("an upgrade with a body")

    def on_headers_complete(self) -> None:
        self.check_head()
        self.begin_request()

    def begin_request(self) -> None:
        """Hands a head that has been checked to the server."""
        self.head_has_arrived()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_DEADLINE, self.transport.abort)

    def _malformed(self, reason: str) -> Malformed:
        self._reason = reason
        return Malformed(reason)

    def _end(self, reason: str) -> None:
        self._reason = reason
        self.note_malformed()
        self.transport.abort()
