"""Publishes the aggregate feed of many companies over two years at once, in the form of tracking's messages."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from contracts.tracking.v1.usage_pb2 import CompanyDay, CompanyMonth
from tenantry_ops.bench.results import BenchmarkFailed
from tenantry_ops.environment import Platform
from tenantry_ops.provision.nats import ACK_WAIT_SECONDS, CONSUMERS, MAX_DELIVER
from tenantry_ops.topology import OPERATOR

MONTHS = 24
VARIANTS = 40  # different months, shared by companies
MAX_PENDING = 500  # messages without a reply; the stream drops what exceeds its buffer


async def publish_feed(platform: Platform, company_ids: Sequence[str], today: date) -> int:
    """Returns the number of company days. The live consumers start after them, as if they had consumed them.

    Raises BenchmarkFailed if a message did not arrive.
    """
    months = list(_months(today))
    client = await nats.connect(platform.nats_url(OPERATOR), inbox_prefix=b"_INBOX_operator")
    try:
        for consumer in CONSUMERS:
            if consumer.stream == "USAGE":
                await client.jetstream().delete_consumer("USAGE", consumer.name)
        before = await _messages(client.jetstream())
        sent = 0
        for first, bodies in months:
            for number, company_id in enumerate(company_ids):
                # Separately encoded fields of one message may be concatenated.
                head = CompanyMonth(company_id=company_id).SerializeToString()
                subject, body = f"usage.v1.{company_id}.{first:%Y%m}", head + bodies[number % VARIANTS]
                sent += 1
                if sent % MAX_PENDING:
                    await client.publish(subject, body)
                else:  # the stream stores messages in order, so this reply confirms all earlier ones
                    await client.jetstream().publish(subject, body, timeout=60)
        await client.jetstream().publish(subject, body, timeout=60)
        if (arrived := await _messages(client.jetstream()) - before) < sent:
            raise BenchmarkFailed(f"{sent} months were published, and the stream took {arrived}")
        await _restore_consumers(client.jetstream())
    finally:
        await client.close()
    return len(company_ids) * sum(_length(first, today) for first, _ in months)


async def _messages(jetstream: JetStreamContext) -> int:
    return (await jetstream.stream_info("USAGE")).state.messages


async def _restore_consumers(jetstream: JetStreamContext) -> None:
    for consumer in CONSUMERS:
        if consumer.stream == "USAGE":
            config = ConsumerConfig(
                durable_name=consumer.name,
                filter_subject=consumer.subject,
                deliver_policy=DeliverPolicy.NEW,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT_SECONDS,
                max_deliver=MAX_DELIVER,
            )
            await jetstream.add_consumer("USAGE", config)


def _months(today: date) -> Iterator[tuple[date, list[bytes]]]:
    """Returns the first day of each month, oldest first, and the variants of its days."""
    chance = random.Random(0)
    last = today.year * 12 + today.month - 1
    for number in range(last - MONTHS + 1, last + 1):
        first = date(number // 12, number % 12 + 1, 1)
        yield first, [_body(first, today, chance) for _ in range(VARIANTS)]


def _body(first: date, today: date, chance: random.Random) -> bytes:
    employees = chance.randint(2, 60)
    days = []
    for number in range(1, _length(first, today) + 1):
        at_work = 0 if first.replace(day=number).weekday() >= 5 else chance.randint(employees // 2, employees)
        days.append(
            CompanyDay(
                day=number,
                revision=number,
                active_seconds=at_work * chance.randint(10_000, 25_000),
                idle_seconds=at_work * chance.randint(1_000, 5_000),
                employees_active=at_work,
                sessions=at_work * 2,
                screenshots=at_work * 90,
                storage_bytes=employees * 10**8 + number * 10**6,
                seats_used=employees,
            )
        )
    return CompanyMonth(year=first.year, month=first.month, revision=len(days), days=days).SerializeToString()


def _length(first: date, today: date) -> int:
    """Returns the days of the month up to today."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min((following - first).days, (today - first + timedelta(days=1)).days)
