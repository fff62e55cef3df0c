"""A loop that applies messages of a durable pull consumer and acknowledges them after the handler has committed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from servicekit.bus import Bus
from servicekit.errors import InvalidInput
from servicekit.events import IncomingEvent
from servicekit.lifecycle import repeat
from servicekit.telemetry import span

log = structlog.get_logger()

Handler = Callable[[Sequence[IncomingEvent]], Awaitable[None]]
Check = Callable[[], Awaitable[None]]
MAX_REDELIVERY_DELAY_SECONDS = 30.0


class Consumer:
    """Passes batches to a handler, which stores them in one transaction. The consumer must exist on the broker."""

    def __init__(
        self, bus: Bus, handler: Handler, *, ready: Check, stream: str, durable: str, batch: int = 100
    ) -> None:
        """Fetches nothing while `ready` raises, so that an outage does not use up the allowed deliveries."""
        self._bus = bus
        self._handler = handler
        self._ready = ready
        self._stream, self._durable = stream, durable
        self._batch = batch
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def run(self) -> None:
        """Consumes until cancelled."""
        await repeat(f"consume {self._stream}", self._step, idle=0.0)

    async def _step(self) -> bool:
        await self._bus.connected.wait()
        await self._ready()
        if self._subscription is None:
            self._subscription = await self._bus.stream.pull_subscribe_bind(self._durable, self._stream)
        try:
            messages = await self._subscription.fetch(self._batch, timeout=5)
        except TimeoutError:  # also the base of the client's own timeout
            return False
        except BaseException:
            self._subscription = None
            raise
        if messages:  # a broker that shuts down ends the wait with an empty batch
            await self._handle(messages)
        return bool(messages)

    async def _handle(self, messages: list[Msg]) -> None:
        """Applies the batch, or each message alone if that fails, so that a faulty one does not block the others."""
        try:
            await self._apply(messages)
        except Exception as error:
            if len(messages) > 1:
                for message in messages:
                    await self._handle([message])
            else:
                await self._reject(messages[0], error)

    async def _apply(self, messages: list[Msg]) -> None:
        with span(f"consume {self._stream}", messages[0].headers):
            await self._handler([_incoming(message) for message in messages])
        await asyncio.gather(*(message.ack() for message in messages))

    async def _reject(self, message: Msg, error: Exception) -> None:
        if isinstance(error, InvalidInput):
            log.error("poison message dropped", subject=message.subject, error=repr(error))
            await message.term()
        else:
            delivered = message.metadata.num_delivered or 1
            log.warning("message not applied", subject=message.subject, delivered=delivered, error=repr(error))
            await message.nak(delay=min(0.5 * 2**delivered, MAX_REDELIVERY_DELAY_SECONDS))


def _incoming(message: Msg) -> IncomingEvent:
    headers = message.headers or {}
    return IncomingEvent(message.subject, headers.get("ce-type", ""), message.data, headers)
