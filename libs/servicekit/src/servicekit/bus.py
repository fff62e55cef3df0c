"""The connection to NATS. It reconnects by itself without limit; while it is lost, every call raises Unavailable."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import nats
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from servicekit.errors import Unavailable

log = structlog.get_logger()

REQUEST_TIMEOUT_SECONDS = 5.0
# The prefix of JetStream requests: a separate account on the broker holds the streams and exports them by this name.
API_PREFIX = "streams"


class Bus:
    """One connection per process. `connected` is set while the broker answers."""

    def __init__(self, url: str, *, name: str) -> None:
        """`url`: nats://user:password@host:port; the user name is also the prefix of the reply subjects."""
        self._url = url
        self._name = name
        self._client = Client()
        self.connected = asyncio.Event()

    @property
    def client(self) -> Client:
        """The connected client. Raises Unavailable while the connection is lost."""
        if not self._client.is_connected:
            raise Unavailable("the event bus does not answer; try again", retry_after=1)
        return self._client

    @property
    def stream(self) -> JetStreamContext:
        """JetStream on this connection. Raises Unavailable while the connection is lost."""
        return self.client.jetstream(prefix=API_PREFIX, timeout=REQUEST_TIMEOUT_SECONDS)

    async def connect(self) -> None:
        """Tries to connect until it succeeds."""
        while True:
            try:
                self._client = await nats.connect(
                    servers=[self._url],
                    name=self._name,
                    max_reconnect_attempts=-1,  # the default of 60 would give up during a longer outage
                    reconnect_time_wait=0.5,
                    ping_interval=10,  # detects a dead broker within 20 s instead of minutes
                    max_outstanding_pings=2,
                    connect_timeout=2,
                    inbox_prefix=f"_INBOX_{urlsplit(self._url).username or self._name}".encode(),
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnect,
                    reconnected_cb=self._on_connect,
                )
            except (NatsError, OSError, TimeoutError) as error:
                log.info("bus connection failed", error=repr(error))
                await asyncio.sleep(0.5)
            else:
                self.connected.set()
                return

    async def run(self, *subscriptions: tuple[str, Callable[[Msg], Awaitable[None]]]) -> None:
        """Keeps the connection until cancelled, and subscribes each callback to its subject."""
        await self.connect()
        try:
            for subject, callback in subscriptions:
                await self.client.subscribe(subject, cb=callback)
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def ping(self) -> None:
        """Raises Unavailable if the broker does not answer."""
        await self.client.flush(timeout=2)

    async def close(self) -> None:
        """Closes the connection; flushes published messages first if the broker is connected."""
        if self._client.is_connected:
            with suppress(NatsError, TimeoutError):  # draining would wait for cancelled fetches
                await self._client.flush(timeout=1)
        if self._client.is_connected or self._client.is_reconnecting:  # a client that never connected cannot be closed
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        log.warning("bus error", error=repr(error))

    async def _on_disconnect(self) -> None:
        self.connected.clear()
        if not self._client.is_closed:  # otherwise the disconnect was intended
            log.warning("bus connection lost")

    async def _on_connect(self) -> None:
        self.connected.set()
        log.info("bus reconnected")
