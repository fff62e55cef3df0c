"""The relay publishes events from the outbox to JetStream, at least once each; consumers are idempotent."""

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog
from nats.js.errors import APIError, NotFoundError
from sqlalchemy.ext.asyncio import AsyncEngine

from servicekit import outbox
from servicekit.bus import Bus
from servicekit.events import REVISION_HEADER, cloud_event_headers
from servicekit.lifecycle import repeat
from servicekit.notifications import listen

log = structlog.get_logger()

WRONG_LAST_SEQUENCE = 10071
LEASE = timedelta(seconds=30)
RETRY_PAUSE = timedelta(seconds=1)
POLL_INTERVAL_SECONDS = 2.0


class Relay:
    """Publishes the events of one service. Several relays share the work without a lock."""

    def __init__(self, engine: AsyncEngine, bus: Bus, *, source: str, stream: str, batch: int = 100) -> None:
        """`source` names the service in the events; `stream` stores its subjects."""
        self._engine = engine
        self._bus = bus
        self._source = source
        self._stream = stream
        self._batch = batch
        self._published: dict[str, tuple[int, int]] = {}  # subject -> sequence and revision of its message

    async def run(self) -> None:
        """Publishes until cancelled: new events at once, failed or abandoned ones within `POLL_INTERVAL_SECONDS`."""

        async def publish_all(_moment: float, _notified: list[str]) -> None:
            while await self.publish_waiting():
                pass

        await repeat(
            "relay", lambda: listen(self._engine, outbox.CHANNEL, publish_all, interval=POLL_INTERVAL_SECONDS), idle=0
        )

    async def publish_waiting(self) -> bool:
        """Publishes one batch; returns whether there was any event. No transaction is open during publication."""
        if not self._bus.connected.is_set():
            return False
        async with self._engine.begin() as tx:
            waiting = await outbox.claim(tx, limit=self._batch, lease=LEASE)
        if not waiting:
            return False
        results = await asyncio.gather(*(self._publish(event) for event in waiting), return_exceptions=True)
        done: list[UUID] = []
        failed: list[UUID] = []
        for event, result in zip(waiting, results, strict=True):
            if isinstance(result, BaseException):
                log.warning("event not published", subject=event.subject, error=repr(result))
                failed.append(event.id)
            else:
                done.append(event.id)
        async with self._engine.begin() as tx:
            await outbox.delete(tx, done)
            if failed:
                await outbox.release(tx, failed, pause=RETRY_PAUSE)
        return True

    async def _publish(self, event: outbox.Waiting) -> None:
        headers = cloud_event_headers(
            event_id=event.id,
            event_type=event.event_type,
            source=self._source,
            time=event.occurred_at,
            traceparent=event.traceparent,
            revision=event.revision,
        )
        if event.revision is None:
            # The broker drops repetitions for two minutes only; correctness relies on idempotent consumers.
            await self._bus.stream.publish(
                event.subject, event.payload, headers=headers | {"Nats-Msg-Id": str(event.id)}
            )
        else:
            await self._publish_compacted(event.subject, event.payload, headers, event.revision)

    async def _publish_compacted(self, subject: str, payload: bytes, headers: dict[str, str], revision: int) -> None:
        """Replaces the subject's message unless the stream has a newer revision.

        The broker compares the subject's last sequence, so a late retry can never overwrite a newer message. After a
        mismatch (another relay, a lost acknowledgement, a message that arrived after its timeout), the message in the
        stream decides.
        """
        while True:
            expected, there = self._published.get(subject, (0, revision))
            if there >= revision:  # the cached message may be gone from the stream, so the stream must confirm it
                expected, there = await self._last(subject)
                if there >= revision:
                    return
            try:
                ack = await self._bus.stream.publish(
                    subject, payload, headers=headers | {"Nats-Expected-Last-Subject-Sequence": str(expected)}
                )
            except APIError as error:
                self._published.pop(subject, None)
                if error.err_code != WRONG_LAST_SEQUENCE:
                    raise
            except BaseException:
                self._published.pop(subject, None)
                raise
            else:
                self._published[subject] = ack.seq, revision
                return

    async def _last(self, subject: str) -> tuple[int, int]:
        """Returns sequence and revision of the subject's message; zeros if it has none."""
        try:
            message = await self._bus.stream.get_last_msg(self._stream, subject)
        except NotFoundError:
            return 0, 0
        return message.seq or 0, int((message.headers or {}).get(REVISION_HEADER, 0))
