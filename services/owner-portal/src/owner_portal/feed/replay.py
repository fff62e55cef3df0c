"""Reads the aggregate feed from its beginning, for a rebuild of the read model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import structlog
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from owner_portal.domain.sources import Rebuild
from owner_portal.domain.usage import CompanyMonth
from owner_portal.feed.usage import STREAM, read_month
from servicekit.bus import Bus
from servicekit.errors import InvalidInput, Unavailable

log = structlog.get_logger()

BATCH = 1_000
LONGEST_WAIT = 30.0


class Replay:
    """One reading of the feed, by a consumer of its own that leaves the live one alone."""

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._subscription = subscription
        self._read = 0
        self._to_come = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, bus: Bus) -> AsyncIterator[Self]:
        """The consumer ends with the block; the bus is connected."""
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=4 * LONGEST_WAIT)
        subscription = await bus.stream.pull_subscribe("usage.v1.>", stream=STREAM, config=config)
        try:
            yield cls(subscription)
        finally:
            await subscription.unsubscribe()

    @property
    def progress(self) -> Rebuild:
        """Messages read, and messages there are."""
        return Rebuild(self._read, self._read + self._to_come)

    async def read(self) -> AsyncIterator[list[CompanyMonth]]:
        """Goes on to the stream's present end.

        Unavailable: the broker stopped answering in between, or skipped something; then nothing of it may be kept.
        """
        self._to_come = (await self._subscription.consumer_info()).num_pending or 0
        while self._to_come:
            try:
                messages = await self._subscription.fetch(BATCH, timeout=LONGEST_WAIT)
            except NatsTimeoutError as error:
                raise Unavailable("the event bus stopped answering; nothing was changed, start again") from error
            yield [month for message in messages if (month := self._month(message))]

    def _month(self, message: Msg) -> CompanyMonth | None:
        self._read += 1
        self._to_come = message.metadata.num_pending or 0
        # Nothing is acknowledged, so nothing comes twice: a gap in the count is a message that got lost.
        if message.metadata.sequence.consumer != self._read:
            raise Unavailable("the event bus lost a message on the way; nothing was changed, start again")
        try:
            return read_month(message.subject, message.data)
        except InvalidInput as error:
            log.error("poison message passed over", subject=message.subject, error=error.message)
            return None
