"""Reads the aggregate feed from its beginning, for a rebuild of the read model."""

from collections.abc import AsyncIterator, Callable

from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig

from owner_portal.domain.usage import CompanyDay
from owner_portal.feed.usage import STREAM, read_month
from servicekit.bus import Bus
from servicekit.errors import Unavailable

BATCH = 500
LONGEST_WAIT = 30.0

Progress = Callable[[int, int], None]
"""Told after each batch: messages read, messages still to come."""


async def replay(bus: Bus, *, progress: Progress) -> AsyncIterator[list[CompanyDay]]:
    """Batches of days until the stream's present end, by a consumer for this once that leaves the live one alone.

    Unavailable: the broker stopped answering in between, or skipped something; then nothing of it may be kept.
    """
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=2 * LONGEST_WAIT)
    subscription = await bus.stream.pull_subscribe("usage.v1.>", stream=STREAM, config=config)
    try:
        to_come = (await subscription.consumer_info()).num_pending or 0
        read = 0
        while to_come:
            try:
                messages = await subscription.fetch(BATCH, timeout=LONGEST_WAIT)
            except NatsTimeoutError as error:
                raise Unavailable("the event bus stopped answering; nothing was changed, start again") from error
            days: list[CompanyDay] = []
            for message in messages:
                read += 1
                # Nothing is acknowledged, so nothing comes twice: a gap in the count is a message that got lost.
                if message.metadata.sequence.consumer != read:
                    raise Unavailable("the event bus lost a message on the way; nothing was changed, start again")
                days += read_month(message.subject, message.data)
            to_come = messages[-1].metadata.num_pending or 0
            progress(read, to_come)
            yield days
    finally:
        await subscription.unsubscribe()
