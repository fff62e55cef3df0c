"""The aggregate feed: one message holds a company's month."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from owner_portal.usage.messages import read_month
from owner_portal.usage.use_cases.days import apply_usage, confirm_usage
from owner_portal.web.live import Live
from servicekit.bus import Bus
from servicekit.consumer import Consumer
from servicekit.database import ping
from servicekit.errors import Unavailable
from servicekit.events import IncomingEvent
from servicekit.lifecycle import repeat

STREAM = "USAGE"
DURABLE = "portal"
BATCH = 200
CHECK_PAUSE = 4.0


class UsageFeed:
    """Applies the feed through its durable consumer and reports changes to open pages after the commit."""

    def __init__(self, engine: AsyncEngine, bus: Bus, live: Live) -> None:
        self._engine = engine
        self._bus = bus
        self._live = live
        self._awaited: int | None = None  # the delivery that completes what was in the feed at an earlier check
        self._consumer = Consumer(
            bus, self.apply, ready=partial(ping, engine), stream=STREAM, durable=DURABLE, batch=BATCH
        )

    async def apply(self, events: Sequence[IncomingEvent]) -> None:
        """Stores one batch in one transaction. InvalidInput: it contains a poison message."""
        days = [day for event in events for day in read_month(event.subject, event.payload).days]
        self._live.mark(await apply_usage(self._engine, days=days))

    async def consume(self) -> None:
        """Runs until cancelled; waits for the broker if it is unavailable."""
        await self._bus.connect()
        await self._consumer.run()

    async def watch(self) -> None:
        """Confirms regularly that the feed has been read, until cancelled; otherwise the data becomes stale."""
        await repeat("watch the usage feed", self.watch_step, idle=CHECK_PAUSE)

    async def watch_step(self) -> bool:
        """Confirms the data once everything is stored that was in the feed at an earlier check."""
        await self._bus.connected.wait()
        info = await self._bus.stream.consumer_info(STREAM, DURABLE)
        if info.delivered is None or info.ack_floor is None:
            raise Unavailable("the event bus does not report the position of the consumer")
        newest = info.delivered.consumer_seq + (info.num_pending or 0)
        is_read = not info.num_pending and not info.num_ack_pending
        if self._awaited is None:
            self._awaited = newest
        if is_read or info.ack_floor.consumer_seq >= self._awaited:
            await confirm_usage(self._engine)
            self._awaited = newest
        return False
