"""The connection to NATS. It comes back by itself, for ever; while it is away every call fails with Unavailable."""

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

REQUEST_TIMEOUT = 5.0
# Requests to JetStream: the streams stand in an account of their own on the broker, which exports them by this name.
API_PREFIX = "streams"


class Bus:
    """One connection a process. `connected` is set while the broker answers."""

    def __init__(self, url: str, *, name: str) -> None:
        """`url`: nats://user:password@host:port; the user's name is also the prefix of its reply subjects."""
        self._url = url
        self._name = name
        self._client = Client()
        self.connected = asyncio.Event()

    @property
    def client(self) -> Client:
        """The connected client; Unavailable while the broker is away."""
        if not self._client.is_connected:
            raise Unavailable("the event bus does not answer; come again", retry_after=1)
        return self._client

    @property
    def stream(self) -> JetStreamContext:
        """JetStream on this connection; Unavailable while the broker is away."""
        return self.client.jetstream(prefix=API_PREFIX, timeout=REQUEST_TIMEOUT)

    async def connect(self) -> None:
        """Returns once connected; tries until then."""
        while True:
            try:
                self._client = await nats.connect(
                    servers=[self._url],
                    name=self._name,
                    max_reconnect_attempts=-1,  # the default of 60 gives up on a longer outage
                    reconnect_time_wait=0.5,
                    ping_interval=10,  # a broker that died silently is noticed within 20 s instead of minutes
                    max_outstanding_pings=2,
                    connect_timeout=2,
                    inbox_prefix=f"_INBOX_{urlsplit(self._url).username or self._name}".encode(),
                    error_cb=self._on_error,
                    disconnected_cb=self._on_disconnect,
                    reconnected_cb=self._on_connect,
                )
            except (NatsError, OSError, TimeoutError) as error:
                log.info("bus not there yet", error=repr(error))
                await asyncio.sleep(0.5)
            else:
                self.connected.set()
                return

    async def run(self, *subscriptions: tuple[str, Callable[[Msg], Awaitable[None]]]) -> None:
        """Keeps the connection until cancelled; each (subject, callback) hears every message from then on."""
        await self.connect()
        try:
            for subject, callback in subscriptions:
                await self.client.subscribe(subject, cb=callback)
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def ping(self) -> None:
        """Raises Unavailable when the broker does not answer."""
        await self.client.flush(timeout=2)

    async def close(self) -> None:
        """Ends the connection; what was published is flushed when the broker is there."""
        if self._client.is_connected:
            with suppress(NatsError, TimeoutError):  # draining instead would wait for fetches that were cancelled
                await self._client.flush(timeout=1)
        if self._client.is_connected or self._client.is_reconnecting:  # one that never connected cannot be closed
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        log.warning("bus error", error=repr(error))

    async def _on_disconnect(self) -> None:
        self.connected.clear()
        if not self._client.is_closed:  # else it was meant to end
            log.warning("bus lost")

    async def _on_connect(self) -> None:
        self.connected.set()
        log.info("bus back")
