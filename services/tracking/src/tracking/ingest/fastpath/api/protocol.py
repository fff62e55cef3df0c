"""The server's HTTP protocol with a fast path for ordinary uploads, which are almost all of the load.

Everything else takes the fallback: the server's own handling and the ASGI application. So does an upload as soon as
anything about it is unusual; the application then sees the whole request.
"""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import structlog

from servicekit.errors import AppError
from servicekit.http_protocol import UNREPEATABLE_FIELDS, BoundedHeadProtocol
from servicekit.lifecycle import is_draining
from tracking.access.rules.company_keys import CompanyKey
from tracking.ingest.fastpath.api.known_heads import KnownHeads
from tracking.ingest.fastpath.api.ordinary_uploads import PATH, FastPath
from tracking.ingest.fastpath.api.responses import CachedResponses, response
from tracking.ingest.rules.upload_reader import Stored
from tracking.protocols.calls import utc_now
from tracking.protocols.desktop import Reply, from_error, refusal

log = structlog.get_logger()

MAX_ORDINARY_BYTES = 256 * 1024  # bytes of an ordinary upload; hundreds of rows have some dozen kB
MAX_ARRIVAL_SECONDS = (
    1.0  # seconds for the body to arrive; after them the application takes over, with its own deadline
)
REFUSAL_DELAY = 1.0  # seconds: delays a company that has too many uploads in progress and would repeat at once
_NOBODY_WAITS = asyncio.Event()


class _Upload:
    """An upload from its head to its response; the server keeps it in place of a request in progress."""

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
        # Attributes that the server reads.
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NOBODY_WAITS


class UploadProtocol(BoundedHeadProtocol):
    """One connection."""

    unrepeatable_fields = UNREPEATABLE_FIELDS | {b"x-company-key"}
    uploads: ClassVar[FastPath]  # of the server of this connection, as are the next two
    heads: ClassVar[KnownHeads]
    responses: ClassVar[CachedResponses]
    cycle: Any  # the request in progress: the server's own type or an `_Upload`
    _arriving: _Upload | None = None
    _between = True  # the parser expects the beginning of a request
    _for_application = False  # the request that begins next was rejected by the fast path
    _answered_at = 0.0  # loop time

    @classmethod
    def of(cls, uploads: FastPath) -> "type[UploadProtocol]":
        """The protocol class of a server whose ordinary uploads are taken by `uploads`."""
        return type(
            "UploadProtocol", (cls,), {"uploads": uploads, "heads": KnownHeads(), "responses": CachedResponses()}
        )

    def on_message_begin(self) -> None:
        # The server's own work here, above all the ASGI scope, is deferred until it is needed.
        self._between = False
        self.on_request_begin()
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        self.check_head()
        upload = self._begin() if self.url == PATH else None
        if upload is None:
            self._leave_to_server()
        else:
            self.on_head_complete()
            self._arriving = self.cycle = upload

    def on_body(self, body: bytes) -> None:
        upload = self._arriving
        if upload is None:
            super().on_body(body)
        else:
            self._keep(upload, body)

    def _keep(self, upload: _Upload, body: bytes) -> None:
        self._body_size += len(body)
        if not isinstance(upload.admitted, Reply):
            upload.parts.append(body)
            upload.size += len(body)
            if upload.size > MAX_ORDINARY_BYTES:
                self._hand_over(upload)

    def on_message_complete(self) -> None:
        self._between = True
        upload = self._arriving
        if upload is None:
            super().on_message_complete()
        elif isinstance(upload.admitted, Reply):
            self._arriving = None
            self.loop.call_later(REFUSAL_DELAY, self._answer, upload, upload.admitted)
        elif upload.slow is not None and not self._is_still_admitted():
            self._hand_over(upload)  # the application reports the reason
            super().on_message_complete()
        elif self._take(upload, upload.admitted, b"".join(upload.parts), utc_now()):
            self._arriving = None
        else:
            self._hand_over(upload)
            super().on_message_complete()
        if upload is not None and upload.slow is not None:
            upload.slow.cancel()

    def data_received(self, data: bytes) -> None:
        if not self._between:
            super().data_received(data)
        elif not self._take_known(data):
            self._parse(data)
        upload = self._arriving
        if upload is not None and upload.slow is None:
            upload.slow = self.loop.call_later(MAX_ARRIVAL_SECONDS, self._hand_over, upload)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._arriving = None

    def send_400_response(self, msg: str) -> None:
        """Answers invalid HTTP in the desktop protocol's form. Uploads in progress may be repeated."""
        self.note_malformed()
        said = f"{self._reason}; send it again without that" if self._reason else f"{msg} Send it again whole."
        body = refusal(400, said).encode()
        self.transport.write(response(400, self.server_state.default_headers, body, keep_alive=False))
        self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """One timer serves many uploads: it may have been set by an earlier one.

        The application's responses set a new timer each.
        """
        self.timeout_keep_alive_task = None
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._is_busy():
            return  # whose response restarts the time
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _take_known(self, data: bytes) -> bool:
        """Takes an upload that arrived in one piece with a known head."""
        found = self.heads.split(data)
        if found is None or self._is_busy() or self.flow.write_paused:
            return False
        key, body = found
        now = utc_now()
        admitted = self.uploads.admits(key, now)
        if not isinstance(admitted, CompanyKey):
            return False
        upload = _Upload(admitted, keep_alive=True)
        if not self._take(upload, admitted, body, now):
            upload.response_complete = True  # the application answers in any case
            self._for_application = True
            return False
        self.on_head_complete()
        self.cycle = upload
        return True

    def _parse(self, data: bytes) -> None:
        """Parses data that begins with a request, and records the head if it was exactly one upload."""
        before = self.cycle
        super().data_received(data)
        self._for_application = False
        upload = self.cycle
        if (
            isinstance(upload, _Upload)
            and upload is not before
            and upload.taken
            and upload.keep_alive
            and self._between
        ):
            self.heads.note(data, dict(self.headers)[b"x-company-key"], upload.size)

    def _begin(self) -> _Upload | None:
        if self._for_application:
            return None
        is_post = self.parser.get_method() == b"POST"
        if self._is_busy() or self.expect_100_continue or self.flow.write_paused or not is_post:
            return None
        key = dict(self.headers).get(b"x-company-key")
        admitted = self.uploads.admits(key, utc_now()) if key is not None else None
        if admitted is None:
            return None
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        return _Upload(admitted, keep_alive=keep_alive)

    def _is_still_admitted(self) -> bool:
        """Whether the company still has access: time has passed since the head, for the body came in several pieces."""
        return isinstance(self.uploads.admits(dict(self.headers)[b"x-company-key"], utc_now()), CompanyKey)

    def _take(self, upload: _Upload, key: CompanyKey, body: bytes, now: datetime) -> bool:
        try:
            upload.taken = self.uploads.take(key, body, now, partial(self._answer_taken, upload))
        except Exception:  # the parser would treat it as an error of the request
            log.exception("fast path failed")
        return upload.taken is not None

    def _leave_to_server(self) -> None:
        head = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers[:], self.expect_100_continue = head
        self.begin_request()

    def _hand_over(self, upload: _Upload) -> None:
        """Restarts the request on the server's own path, unless it has arrived by now."""
        if self._arriving is not upload:
            return
        self._arriving = None
        if isinstance(upload.admitted, Reply):  # no byte of its body was kept
            upload.keep_alive = False
            self._answer(upload, upload.admitted)
            return
        upload.response_complete = True  # the server has not seen a request yet
        self._leave_to_server()
        for part in upload.parts:
            super().on_body(part)

    def _answer_taken(self, upload: _Upload, error: Exception | None) -> None:
        upload.keep_alive = upload.keep_alive and not is_draining()
        if error is None and upload.taken is not None:
            server_headers = self.server_state.default_headers
            self._write(upload, self.responses.to(upload.taken, server_headers, keep_alive=upload.keep_alive))
        elif isinstance(error, AppError):
            self._answer(upload, from_error(error))
        else:
            log.error("upload failed", error=repr(error))
            self._answer(upload, refusal(500, "Internal error; it has been logged, and no data is lost"))

    def _answer(self, upload: _Upload, reply: Reply) -> None:
        upload.keep_alive = upload.keep_alive and not is_draining()
        headers = (*self.server_state.default_headers, *reply.headers)
        self._write(upload, response(reply.code, headers, reply.encode(), keep_alive=upload.keep_alive))

    def _write(self, upload: _Upload, data: bytes) -> None:
        if upload.response_complete or upload.disconnected or self.transport.is_closing():
            return
        self.transport.write(data)
        upload.response_complete = True
        if not upload.keep_alive:
            self.transport.close()
        if self.pipeline or not upload.keep_alive:
            self.on_response_complete()
        else:  # the same, but an existing timer stays: setting one costs as much as reading a row
            self.server_state.total_requests += 1
            self._answered_at = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
