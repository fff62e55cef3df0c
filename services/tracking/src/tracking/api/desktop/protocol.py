"""The server's HTTP protocol with a short way for ordinary uploads, which are almost all of the load.

Everything else goes the server's own way to the ASGI application, and so does an upload as soon as anything about it is
not ordinary: what has arrived of it is handed over, and the application sees the whole request.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, ClassVar

import structlog

from servicekit.errors import AppError
from servicekit.http_protocol import BoundedHeadProtocol
from tracking.api.desktop.uploads import PATH, Uploads, stored_body
from tracking.api.desktop.wire import Reply, from_error, refusal
from tracking.application.take_upload import Stored
from tracking.domain.company_keys import CompanyKey

log = structlog.get_logger()

LARGEST = 256 * 1024  # bytes of an ordinary upload; hundreds of rows are some dozen kB
PATIENCE = 1.0  # seconds for its body to arrive; the application knows for how much longer it may
REFUSAL_DELAY = 1.0  # seconds: who has too much under way and asks again at once must not keep the gateway busy
_STATUS_LINE = {int(status): f"HTTP/1.1 {status:d} {status.phrase}\r\n".encode() for status in HTTPStatus}
_NOBODY_WAITS = asyncio.Event()


class _Upload:
    """An upload from its head to its answer; it stands where the server keeps the request that is under way."""

    __slots__ = (
        "admitted",
        "disconnected",
        "keep_alive",
        "message_event",
        "parts",
        "response_complete",
        "size",
        "slow",
        "taken",
    )

    def __init__(self, admitted: CompanyKey | Reply, *, keep_alive: bool) -> None:
        self.admitted = admitted
        self.parts: list[bytes] = []
        self.size = 0
        self.taken: Stored | None = None
        self.slow: asyncio.TimerHandle | None = None
        # What the server looks at.
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NOBODY_WAITS


class UploadProtocol(BoundedHeadProtocol):
    """One connection."""

    uploads: ClassVar[Uploads]  # of the server that it is a connection of
    cycle: Any  # the request under way: the server's own kind, or an `_Upload`
    _arriving: _Upload | None = None

    @classmethod
    def of(cls, uploads: Uploads) -> "type[UploadProtocol]":
        """The protocol of a server whose ordinary uploads are taken by `uploads`."""
        return type("UploadProtocol", (cls,), {"uploads": uploads})

    def on_message_begin(self) -> None:
        # What the server itself does here, above all the scope, waits until it is known to be needed.
        self.head_size = 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        upload = self._begin() if self.url == PATH else None
        if upload is None:
            self._leave_to_server()
        else:
            self.head_has_arrived()
            self._arriving = self.cycle = upload

    def on_body(self, body: bytes) -> None:
        upload = self._arriving
        if upload is None:
            super().on_body(body)
        elif not isinstance(upload.admitted, Reply):
            upload.parts.append(body)
            upload.size += len(body)
            if upload.size > LARGEST:
                self._hand_over(upload)

    def on_message_complete(self) -> None:
        upload = self._arriving
        if upload is None:
            super().on_message_complete()
        elif isinstance(upload.admitted, Reply):
            self._arriving = None
            self.loop.call_later(REFUSAL_DELAY, self._answer, upload, upload.admitted)
        elif self._take(upload, upload.admitted):
            self._arriving = None
        else:
            self._hand_over(upload)
            super().on_message_complete()
        if upload is not None and upload.slow is not None:
            upload.slow.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        upload = self._arriving
        if upload is not None and upload.slow is None:
            upload.slow = self.loop.call_later(PATIENCE, self._hand_over, upload)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._arriving = None

    def _begin(self) -> _Upload | None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.expect_100_continue or self.flow.write_paused or self.parser.get_method() != b"POST":
            return None
        key = dict(self.headers).get(b"x-company-key")
        admitted = self.uploads.admits(key) if key is not None else None
        if admitted is None:
            return None
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        return _Upload(admitted, keep_alive=keep_alive)

    def _take(self, upload: _Upload, key: CompanyKey) -> bool:
        body = upload.parts[0] if len(upload.parts) == 1 else b"".join(upload.parts)
        try:
            upload.taken = self.uploads.take(key, body, partial(self._answer_taken, upload))
        except Exception:  # the parser would take it for a fault of the request
            log.exception("the short way failed")
        return upload.taken is not None

    def _leave_to_server(self) -> None:
        head = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers[:], self.expect_100_continue = head
        super().on_headers_complete()

    def _hand_over(self, upload: _Upload) -> None:
        """Starts again on the server's own way, unless the upload is no longer arriving."""
        if self._arriving is not upload:
            return
        self._arriving = None
        if isinstance(upload.admitted, Reply):  # of which no byte was kept
            upload.keep_alive = False
            self._answer(upload, upload.admitted)
            return
        upload.response_complete = True  # to the server there was no request yet
        self._leave_to_server()
        for part in upload.parts:
            super().on_body(part)

    def _answer_taken(self, upload: _Upload, error: Exception | None) -> None:
        if error is None and upload.taken is not None:
            self._write(upload, 200, (), stored_body(upload.taken))
        elif isinstance(error, AppError):
            self._answer(upload, from_error(error))
        else:
            log.error("upload failed", error=repr(error))
            self._answer(upload, refusal(500, "Internal error; it has been logged and nothing is lost"))

    def _answer(self, upload: _Upload, reply: Reply) -> None:
        self._write(upload, reply.code, reply.headers, reply.encode())

    def _write(self, upload: _Upload, code: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        if upload.response_complete or upload.disconnected or self.transport.is_closing():
            return
        head = _head(code, len(body), (*self.server_state.default_headers, *headers), upload.keep_alive)
        self.transport.write(head + body)
        upload.response_complete = True
        if not upload.keep_alive:
            self.transport.close()
        self.on_response_complete()


@lru_cache(maxsize=64)  # the default headers say the second
def _head(code: int, length: int, headers: tuple[tuple[bytes, bytes], ...], keep_alive: bool) -> bytes:
    parts = [_STATUS_LINE[code], b"content-type: application/json\r\ncontent-length: %d\r\n" % length]
    parts += [b"%b: %b\r\n" % header for header in headers]
    if not keep_alive:
        parts.append(b"connection: close\r\n")
    return b"".join((*parts, b"\r\n"))
