"""Uploads that arrive in the same few milliseconds share one transaction; each is answered after its COMMIT."""

import asyncio
from collections.abc import Sequence

import structlog

from servicekit.errors import Unavailable
from tracking.store.ingest import IngestWriter, NotStorable, Upload

log = structlog.get_logger()

LARGEST_GROUP = 10_000  # rows
LONGEST_QUEUE = 200_000  # rows; beyond it an upload is better refused than kept waiting

Waiting = tuple[Upload, asyncio.Future[None]]


class GroupCommit:
    """One writer; while it commits a group, the next one gathers."""

    def __init__(self, writer: IngestWriter) -> None:
        self._writer = writer
        self._waiting: list[Waiting] = []
        self._rows_waiting = 0
        self._wake = asyncio.Event()

    async def store(self, upload: Upload) -> None:
        """Returns once the upload is durable. Unavailable: perhaps it is not, and it may come again unchanged."""
        if self._rows_waiting > LONGEST_QUEUE:
            raise Unavailable("too many uploads at once; nothing is lost, try again", retry_after=2)
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((upload, stored))
        self._rows_waiting += len(upload.report)
        self._wake.set()
        await stored

    async def run(self) -> None:
        """Writes groups until cancelled; what waits then is refused."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._commit(self._take())
        finally:
            _refuse(self._waiting)
            await self._writer.close()

    def _take(self) -> list[Waiting]:
        rows = count = 0
        for upload, _stored in self._waiting:
            count += 1
            rows += len(upload.report)
            if rows >= LARGEST_GROUP:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._rows_waiting -= rows
        return group

    async def _commit(self, group: list[Waiting]) -> None:
        try:
            await self._writer.write([upload for upload, _stored in group])
        except Unavailable as error:
            log.warning("uploads not stored", uploads=len(group), error=repr(error.__cause__))
            _refuse(group)
        except NotStorable as error:
            if len(group) > 1:  # one upload must not spoil the others
                for one in group:
                    await self._commit([one])
            else:
                log.error("upload not stored", company_id=str(group[0][0].company_id), error=str(error))
                _refuse(group)
        except BaseException:
            _refuse(group)
            raise
        else:
            for _upload, stored in group:
                if not stored.done():
                    stored.set_result(None)


def _refuse(group: Sequence[Waiting]) -> None:
    for _upload, stored in group:
        if not stored.done():
            stored.set_exception(Unavailable("not stored; nothing is lost, try again", retry_after=1))
