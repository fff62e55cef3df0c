"""Reads the aggregate feed from its beginning, for a rebuild of the read model."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import TimeoutError as NatsTimeoutError

from owner_portal.freshness.rules import Rebuild
from owner_portal.usage.messages import read_month
from owner_portal.usage.rules import CompanyMonth
from owner_portal.usage.worker.feed import STREAM
from servicekit.bus import API_PREFIX, Bus
from servicekit.errors import InvalidInput, Unavailable

log = structlog.get_logger()

BATCH = 1_000
ANSWER_TIMEOUT_SECONDS = 30.0
END_OF_BATCH, NOTHING_THERE = "204", "404"


class Replay:
    """One reading of the feed. It reads the stream directly: the portal may not create consumers."""

    def __init__(self, bus: Bus, inbox: str, answers: Subscription) -> None:
        self._bus, self._inbox, self._answers = bus, inbox, answers
        self._sequence = 0  # of the newest message that was read
        self._read = 0
        self._to_come = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, bus: Bus) -> AsyncIterator[Self]:
        """The bus is connected."""
        inbox = bus.client.new_inbox()
        answers = await bus.client.subscribe(inbox)
        try:
            yield cls(bus, inbox, answers)
        finally:
            await answers.unsubscribe()

    @property
    def progress(self) -> Rebuild:
        """Messages read, and messages there are."""
        return Rebuild(self._read, self._read + self._to_come)

    async def read(self) -> AsyncIterator[list[CompanyMonth]]:
        """Continues from its last message to the current end of the stream.

        Unavailable: the broker stopped responding or skipped a message; then nothing may be kept.
        """
        while True:
            messages = await self._batch(self._sequence + 1)
            if messages:
                self._sequence = int(_header(messages[-1], "Nats-Sequence"))
                yield [month for message in messages if (month := self._month(message))]
            if not messages or not self._to_come:
                return

    async def _batch(self, first: int) -> list[Msg]:
        """At most BATCH messages from this sequence on; an empty response ends the batch."""
        request = json.dumps({"seq": first, "next_by_subj": "usage.v1.>", "batch": BATCH}).encode()
        await self._bus.client.publish(f"{API_PREFIX}.DIRECT.GET.{STREAM}", request, reply=self._inbox)
        messages: list[Msg] = []
        sequence = "0"
        while True:
            try:
                message = await self._answers.next_msg(timeout=ANSWER_TIMEOUT_SECONDS)
            except NatsTimeoutError as error:
                raise Unavailable(
                    "the event bus stopped responding; nothing was changed, run the command again"
                ) from error
            status = (message.headers or {}).get("Status")
            if status == NOTHING_THERE:
                self._to_come = 0
                return messages
            # Each message names its predecessor in the batch: a gap means a lost message.
            if status not in {None, END_OF_BATCH} or _header(message, "Nats-Last-Sequence") != sequence:
                raise Unavailable("a message of the event bus was lost; nothing was changed, run the command again")
            self._to_come = int(_header(message, "Nats-Num-Pending"))
            if status == END_OF_BATCH:
                return messages
            sequence = _header(message, "Nats-Sequence")
            messages.append(message)

    def _month(self, message: Msg) -> CompanyMonth | None:
        self._read += 1
        subject = _header(message, "Nats-Subject")
        try:
            return read_month(subject, message.data)
        except InvalidInput as error:
            log.error("poison message skipped", subject=subject, error=error.message)
            return None


def _header(message: Msg, name: str) -> str:
    return (message.headers or {}).get(name, "")
