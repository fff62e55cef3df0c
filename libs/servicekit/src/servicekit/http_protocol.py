"""uvicorn's HTTP parser with limits before any key is looked at: it has none, and strangers may connect."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 32 * 1024
HEAD_DEADLINE = 10.0  # seconds a head may take to arrive


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection whose request head, or whose silence before it, is larger or longer than it may be."""

    head_size: int | None = None  # bytes of the head that is arriving; None when none is
    _deadline: asyncio.TimerHandle | None = None  # of a first head, or of one that did not arrive at once

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_size = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head_size is not None:  # else the rest of the data was body, or nothing of a request
            self.head_size += len(data)
            if self.head_size > LARGEST_HEAD:
                self.transport.abort()
        if self.head_size is not None or not self.cycle or self.cycle.response_complete:  # type: ignore[truthy-bool]
            self._await_head()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_DEADLINE, self.transport.abort)

    def head_has_arrived(self) -> None:
        """To be called with each head, before anything else."""
        self.head_size = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_headers_complete(self) -> None:
        self.head_has_arrived()
        if self.parser.should_upgrade() and dict(self.headers).keys() & {b"content-length", b"transfer-encoding"}:
            raise ValueError  # uvicorn answers 400
        super().on_headers_complete()
