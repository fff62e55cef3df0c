"""uvicorn's HTTP parser with a limit on request heads: it has none, and heads come before any key is looked at."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 32 * 1024
HEAD_DEADLINE = 10.0  # seconds a head may take to arrive


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection whose request head is larger than `LARGEST_HEAD` or slower than `HEAD_DEADLINE`."""

    head_size: int | None = None  # bytes of the head that is arriving; None when none is
    _deadline: asyncio.TimerHandle | None = None  # of a head that did not arrive at once, as almost all do

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_size = 0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head_size is not None:  # else the rest of the data was body
            self.head_size += len(data)
            if self.head_size > LARGEST_HEAD:
                self.transport.abort()
            elif self._deadline is None:
                self._deadline = self.loop.call_later(HEAD_DEADLINE, self.transport.abort)

    def head_has_arrived(self) -> None:
        """To be called with each head, before anything else."""
        self.head_size = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_headers_complete(self) -> None:
        self.head_has_arrived()
        super().on_headers_complete()
