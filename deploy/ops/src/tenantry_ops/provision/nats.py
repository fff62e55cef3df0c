"""Provisioning of JetStream streams and durable consumers; idempotent."""

from dataclasses import dataclass

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

WEEK_SECONDS = 7 * 24 * 3600.0
ACK_WAIT_SECONDS = 30.0
MAX_DELIVER = 20


@dataclass(frozen=True)
class Consumer:
    """A durable pull consumer: the position of one service in one stream."""

    stream: str
    name: str
    subject: str


STREAMS = (
    StreamConfig(name="TENANCY", subjects=["tenancy.v1.>"], max_age=WEEK_SECONDS),
    StreamConfig(name="BILLING", subjects=["billing.v1.>"], max_age=WEEK_SECONDS),
    # The aggregate feed is compacted: the newest message of a subject is the state of a company's month.
    StreamConfig(name="USAGE", subjects=["usage.v1.>"], max_msgs_per_subject=1, discard=DiscardPolicy.OLD),
)
CONSUMERS = (
    Consumer("TENANCY", "billing", "tenancy.v1.company.>"),
    Consumer("USAGE", "billing", "usage.v1.>"),
    Consumer("USAGE", "portal", "usage.v1.>"),
)


async def provision_nats(operator_url: str) -> None:
    """Creates or updates all streams and consumers. Raises nats.errors.Error if the server refuses or is down."""
    connection = await nats.connect(operator_url, max_reconnect_attempts=2, inbox_prefix=b"_INBOX_operator")
    try:
        jetstream = connection.jetstream()
        for stream in STREAMS:
            await _ensure_stream(jetstream, stream)
        for consumer in CONSUMERS:
            await _ensure_consumer(jetstream, consumer)
    finally:
        await connection.close()


async def _ensure_stream(jetstream: JetStreamContext, stream: StreamConfig) -> None:
    config = stream.evolve(storage=StorageType.FILE, allow_direct=True)
    try:
        await jetstream.stream_info(str(stream.name))
    except NotFoundError:
        await jetstream.add_stream(config)
    else:
        await jetstream.update_stream(config)


async def _ensure_consumer(jetstream: JetStreamContext, consumer: Consumer) -> None:
    """Creates a consumer. For an existing one, JetStream updates it and keeps its position in the stream."""
    config = ConsumerConfig(
        durable_name=consumer.name,
        filter_subject=consumer.subject,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_deliver=MAX_DELIVER,
    )
    await jetstream.add_consumer(consumer.stream, config)
